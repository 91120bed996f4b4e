"""What is taken where the caller does not say, in Python and on the command line."""

MANIFEST = "studio-c"
DETECTOR = "movenet:lightning"
BOXES = "labels"

#: More parts of a build than any benchmark has clips; our own choice.
MOST_PARTS = 10_000
