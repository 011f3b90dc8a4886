"""The local client: lends items to volunteers and writes their results in order."""
