"""The folders of a board: rows are read, added, confirmed, and checked again."""
