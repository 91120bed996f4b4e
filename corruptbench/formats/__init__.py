"""Files of other repositories and data sets, as plain arrays."""
