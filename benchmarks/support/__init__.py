"""What the benchmarks share. The programs and browsers are those of the end-to-end tests, found here for all."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "end_to_end"))

import browsers
import functions
import machine
import programs
from distance import distance

__all__ = ["browsers", "distance", "functions", "machine", "programs"]
