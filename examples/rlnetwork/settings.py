"""Prints settings to try, every combination of some rates, discounts and sizes, as JSON, one a line.

usage: python3 settings.py [GAMES]
"""

import json
import sys
from itertools import product

RATES = (0.003, 0.03, 0.1, 0.3)
DISCOUNTS = (0.5, 0.9)
HIDDEN = (2, 8, 24)


def main() -> None:
    games = int([*sys.argv[1:], "2000"][0])
    for rate, discount, hidden in product(RATES, DISCOUNTS, HIDDEN):
        print(json.dumps({"rate": rate, "discount": discount, "hidden": hidden, "seed": 1, "games": games}))


if __name__ == "__main__":
    main()
