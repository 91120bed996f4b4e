"""Evaluate a lifter on shards; errors are in millimeters."""
