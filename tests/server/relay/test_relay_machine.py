from hypothesis import settings

from tests.support.relay_model import RelayMachine

RelayMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
test_the_relay_keeps_its_word_whatever_peers_do = RelayMachine.TestCase
