"""Do the labels lie on the person? Compare projected labels with 2D detections of clean video."""
