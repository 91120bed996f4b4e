"""The page of a board: what it shows, computed from the results, and its templates in `site`."""
