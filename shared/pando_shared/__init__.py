"""What the server and the client of Pando have in common: the two wires, and the errors a user sees."""

__version__ = "0.1.0"

PROTOCOL = 2
"""The version of both wires, as PROTOCOL.md describes them."""
