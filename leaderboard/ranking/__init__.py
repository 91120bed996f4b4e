"""Which rows share a table, and which rank each of them has."""
