"""Reads answers, "ID CHOICE", prints each when it comes, and at the end what was chosen how often."""

import sys
from collections import Counter


def main() -> None:
    chosen: Counter[str] = Counter()
    for line in sys.stdin:
        print(line, end="", flush=True)
        _, choice = line.split()
        chosen[choice] += 1
    print(", ".join(f"{choice}: {count}" for choice, count in chosen.most_common()))


if __name__ == "__main__":
    main()
