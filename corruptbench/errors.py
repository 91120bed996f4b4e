"""Errors that a user can mend: one clear sentence, exit code 2, no traceback."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input. The message names the file or field, what was found, expected, and the remedy."""
