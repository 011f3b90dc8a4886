"""Prints ranges of numbers, one a line: the first number, and how many they are.

usage: python3 ranges.py FIRST RANGES [NUMBERS_IN_EACH]
"""

import sys
from itertools import count, islice


def main() -> None:
    first, ranges, size = (int(argument) for argument in [*sys.argv[1:], "50"][:3])
    for start in islice(count(first, size), ranges):
        print(start, size)


if __name__ == "__main__":
    try:
        main()
    except ValueError:
        sys.exit(__doc__)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read has enough; Python would complain of what it could not flush
