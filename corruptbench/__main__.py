"""``python -m corruptbench``."""

from corruptbench.cli import main

main()
