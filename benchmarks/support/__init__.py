"""What the benchmarks share. The programs and browsers are those of the tests."""
