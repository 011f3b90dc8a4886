"""What all tests share."""

import sys
from pathlib import Path

import hypothesis

# Modules that stand beside the tests which use them.
sys.path[:0] = [str(Path(__file__).parent / folder) for folder in ("client", "end_to_end", "examples")]

# CI machines stall now and then; a slow example is no failure of the code.
hypothesis.settings.register_profile("pando", deadline=None, print_blob=True)
hypothesis.settings.load_profile("pando")
