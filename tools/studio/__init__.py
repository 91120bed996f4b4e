"""Generator of the embedded data set "studio": see README.md in this folder."""
