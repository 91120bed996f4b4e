"""Exported lifters that come with the package; see README.md."""
