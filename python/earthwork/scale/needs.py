"""Packages that only some calls need."""

from __future__ import annotations

import importlib
from typing import Any


def needed(module: str, what: str) -> Any:
    """A module of the extra ``cluster``; ImportError that names the extra where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as why:
        package = module.partition(".")[0]
        raise ImportError(f'{what} needs {package}, which is not installed: pip install "earthwork[cluster]"') from why
