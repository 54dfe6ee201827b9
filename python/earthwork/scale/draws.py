"""Values of a discrepancy on draws of a test or an interval, found on many machines.

The compiled half draws; a function of two arrays sees what it draws. So each worker has the whole run of draws made again, computes its
share of them (by a digest of the points, not by their order), and at the end the caller's run of draws finds the values by their digests.
What a run computes from them is then the same to the last bit.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from earthwork._earthwork import Discrepancy, Samples
from earthwork._inputs import Floats
from earthwork.scale.parts import Part
from earthwork.scale.tasks import Done, Task

SHARES = 32
"""Tasks of a run of draws."""

Value: TypeAlias = Callable[[Samples, Samples], float]


def key_of(X: Floats, Y: Floats) -> str:
    """Tells draws apart."""
    found = hashlib.blake2b(repr((X.shape, Y.shape)).encode(), digest_size=16)
    for side in (X, Y):
        found.update(np.ascontiguousarray(side).data)
    return found.hexdigest()


def uniform(*samples: Samples) -> bool:
    """Whether all points weigh the same, 1 in total, so that arrays of points say all."""
    return all(np.ptp(one.weights) == 0.0 and one.weights[0] == 1.0 / len(one) for one in samples)


def share_of(value: Value, name: str, k: int, run: Callable[[Discrepancy], object]) -> Part:
    """The k-th share of the values that a run asks for. What has no value is left to the caller, who then finds out why."""
    found: dict[str, float] = {}
    lock = threading.Lock()

    def some(X: Floats, Y: Floats) -> float:
        key = key_of(X, Y)
        if int(key[:8], 16) % SHARES != k:
            return 0.0
        made = value(Samples(X), Samples(Y))
        with lock:
            found[key] = made
        return made

    try:
        run(Discrepancy.from_function(some, name, None))
    except ValueError:
        pass
    return Part(found)


def replayed(value: Value, name: str, done: Done) -> Discrepancy:
    """A discrepancy that knows the values that tasks found, and computes others."""
    return replay(value, name, {key: found for one in done for key, found in done[one].head.items()})


def replay(value: Value, name: str, known: dict[str, float]) -> Discrepancy:
    """The same, of values by their digests."""

    def found(X: Floats, Y: Floats) -> float:
        key = key_of(X, Y)
        return known[key] if key in known else value(Samples(X), Samples(Y))

    return Discrepancy.from_function(found, name, None)


def shares(function: Callable[..., Part]) -> list[Task]:
    """A task for each share."""
    return [Task(f"share {k + 1} of {SHARES}", function, (k,)) for k in range(SHARES)]
