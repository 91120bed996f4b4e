"""What every submission must pass: its files, its rows, and every number computed again."""
