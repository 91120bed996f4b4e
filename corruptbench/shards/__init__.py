"""Shards: what they hold, how they are stored, and how two builds are compared."""
