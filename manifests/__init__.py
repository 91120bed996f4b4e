"""The benchmarks: one frozen definition a file."""
