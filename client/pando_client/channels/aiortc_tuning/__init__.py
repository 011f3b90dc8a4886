"""What is overridden of the pinned aiortc, and why."""
