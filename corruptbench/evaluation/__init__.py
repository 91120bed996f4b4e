"""Evaluate: shards and a lifter in, errors in millimetres out."""
