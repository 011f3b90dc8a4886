"""A core: what the client and one volunteer say to each other. It knows no I/O, no clock and no log."""
