"""What is overridden of the pinned aiortc, and why. `tune.tune` is the only door: it checks all of it at once."""
