"""Lifters that come with the benchmark, and how they are trained and exported."""
