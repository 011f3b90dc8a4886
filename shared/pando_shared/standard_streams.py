"""Standard input, output and error, which whoever starts a program may have closed."""

from __future__ import annotations

import os


def open_standard_streams() -> None:
    """Makes sure that descriptors 0 to 2 are open: otherwise a socket gets one of them, and what is printed
    goes into it.
    """
    # In this order, because `open` takes the lowest number that is free. Standard input is opened for writing and
    # standard output for reading, so that whoever needs them is told that they are closed.
    for descriptor, mode in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)
