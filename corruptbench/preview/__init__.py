"""Previews: a clip in every cell, as pictures."""
