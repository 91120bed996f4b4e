"""A report on one result: a page of one file that shows where and how a lifter fails."""
