"""The secrets that clients, servers and volunteers of the tests use."""

SECRET = "a secret that is long enough"
"""Which a client and its public server share."""
KEY = "a" * 32
"""By which a client proves that a job is its own when it comes back."""
