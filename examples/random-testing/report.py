"""Reads verdicts, and prints how many failed and the shortest story of a failure."""

import json
import sys


def main() -> int:
    verdicts = [json.loads(line) for line in sys.stdin]
    failed = [verdict for verdict in verdicts if verdict["problem"]]
    steps = sum(verdict["steps"] for verdict in verdicts)
    print(f"{len(verdicts)} stories of {steps} steps, {len(failed)} failed")
    if not failed:
        return 0
    shortest = min(failed, key=lambda verdict: (verdict["steps"], verdict["seed"]))
    print(f"the shortest failure, seed {shortest['seed']}:")
    for step in shortest["story"]:
        print(f"  {step}")
    print(f"  -> {shortest['problem']}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
