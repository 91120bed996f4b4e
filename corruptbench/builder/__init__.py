"""Build a benchmark: videos in, shards of detections on corrupted frames out."""
