"""What goes wrong, as POT's callers expect it."""

from __future__ import annotations

__all__ = ["InputError", "NotServed"]


class InputError(AssertionError, ValueError):
    """Bad input. An AssertionError, which POT raises, and a ValueError, which it is."""


class NotServed(NotImplementedError):
    """This call is not for earthwork; the accelerator lets POT answer it."""
