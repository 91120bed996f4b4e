"""Train the lifters that come with the benchmark."""
