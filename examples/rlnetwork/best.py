"""Reads results, and prints them as a table, the best at the end, where one looks."""

import json
import sys


def main() -> None:
    results = [json.loads(line) for line in sys.stdin]
    print("   rate  discount  hidden  caught")
    # Sorting keeps the order of equals, which is that of the items.
    for result in sorted(results, key=lambda result: float(result["caught"])):
        print(f"{result['rate']:7}  {result['discount']:8}  {result['hidden']:6}  {result['caught']:6.1%}")


if __name__ == "__main__":
    main()
