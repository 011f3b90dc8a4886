"""What the tests of the server share."""

import sys
from pathlib import Path

# Helpers that stand beside the tests which use them.
sys.path.insert(0, str(Path(__file__).parent))
