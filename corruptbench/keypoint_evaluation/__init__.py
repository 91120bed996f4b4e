"""Evaluate a 2D detector on shards: its keypoints, its scores, and what its scores mean."""
