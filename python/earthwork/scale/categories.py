"""Counts of categories in a limited number of groups."""

from __future__ import annotations

import hashlib
from collections import Counter

__all__ = ["folded"]


def folded(counts: Counter[str], groups: int) -> Counter[str]:
    """The counts of groups of categories. A hash of its name tells the group of a category, so that any order gives the same."""
    made: Counter[str] = Counter()
    for name, count in counts.items():
        made[f"group {int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), 'little') % groups}"] += count
    return made
