"""Severities and the detector: what each does to it, and the page that says so."""
