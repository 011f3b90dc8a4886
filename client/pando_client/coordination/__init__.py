"""A core: sessions and lender joined. It knows no I/O, no clock and no log."""
