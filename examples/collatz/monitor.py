"""Reads results, "NUMBER STEPS", and prints each record when it is set, and the last one again at the end."""

import sys


def main() -> None:
    record, best, ranges = -1, "", 0
    for line in sys.stdin:
        number, steps = line.split()
        ranges += 1
        if int(steps) > record:
            record, best = int(steps), number
            # Flushed, because a record is news when it is set and not when a buffer is full.
            print(f"{best} takes {record} steps", flush=True)
    print(f"the record of {ranges} ranges: {best}, {record} steps")


if __name__ == "__main__":
    main()
