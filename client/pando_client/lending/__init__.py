"""A core: who computes which items. It knows no I/O, no clock and no log."""
