"""Files of other repositories: plain arrays in and out."""
