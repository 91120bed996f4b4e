"""What is taken where the caller does not say, in Python and on the command line."""

MANIFEST = "studio-c"
DETECTOR = "movenet:lightning"
BOXES = "labels"
