"""Prints some papers as JSON, one a line. None of them was ever written."""

import json

PAPERS = {
    "On the number of ways to fold a map": """
        We count the foldings of a strip of n stamps and a map of two rows. For the strip a recurrence is known;
        for the map we give one, prove it by marking the crease that is made last, and list the first twelve
        terms.""",
    "A pendulum that hangs from a pendulum, in honey": """
        Two coupled pendulums are chaotic in air. We measure how thick the medium must be for the motion to
        become regular, and find a sharp transition that a model with linear friction predicts within five
        percent.""",
    "Why do these beetles walk in circles?": """
        Forty beetles of one species were followed for a night each. Those with one antenna shorter than the
        other turn to the shorter side. We discuss whether the asymmetry is inherited, and rule out the
        influence of the moon.""",
    "Sorting with a stack of plates and two hands": """
        We study a model of computation with one stack and two registers, show that it sorts in quadratic time,
        and that no program for it does better. A simulator is available.""",
    "Primes in the digits of other primes": """
        A prime is called nested if removing its last digit leaves a prime, down to one digit. We show that in
        every base there are only finitely many, and that the largest in base ten has eight digits.""",
    "Caches that forget on purpose": """
        A cache that drops a random entry every second is slower by two percent and cannot leak for long what
        was read through it. We measure both in a small web server, and give a rule for the rate.""",
}


def main() -> None:
    for number, (title, abstract) in enumerate(PAPERS.items(), 1):
        print(json.dumps({"id": f"paper-{number}", "title": title, "abstract": " ".join(abstract.split())}))


if __name__ == "__main__":
    main()
