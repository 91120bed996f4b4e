"""Read and write video files, frame by frame."""
