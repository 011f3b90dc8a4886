"""Two-way pipes to volunteers, of several kinds with one interface."""
