"""Checks of the files of a data set, before anything is built."""
