"""Any lifter: its contract, its file, and how it is run."""
