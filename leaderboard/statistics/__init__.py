"""Means, intervals and tests, computed from clips tables."""
