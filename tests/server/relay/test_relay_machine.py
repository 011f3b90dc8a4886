"""The relay and all its peers, in any order.

`PANDO_RELAY_EXAMPLES` is how many runs of 60 steps there are: 150 unless it says otherwise.
"""

import os

from hypothesis import settings

from tests.support.relay_model import RelayMachine

EXAMPLES = int(os.environ.get("PANDO_RELAY_EXAMPLES", "150"))

RelayMachine.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=60, deadline=None)
test_the_relay_keeps_its_word_whatever_peers_do = RelayMachine.TestCase
