"""Lifters compared with each other: paired differences over the takes that they share."""
