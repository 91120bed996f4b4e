"""Train and export the lifters that come with the benchmark."""
