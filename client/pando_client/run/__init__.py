"""A run: composes the parts, waits for the end, says what is waited for."""
