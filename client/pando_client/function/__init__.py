"""The user's function: bundled, traced, watched."""
