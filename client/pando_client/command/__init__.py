"""What a user starts: `pando` and `pando-volunteer`."""
