"""Where jobs are done: here, or on a client."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from earthwork.scale.run import Here, Job, Plan, Runner


def runner(plan: Plan, client: Any, threads: int, jobs: Sequence[Job] | None, kept: Callable[[], str]) -> Runner:
    """Here, or on a client. Where all ``jobs`` are known, samples are let go when the last of them is done; ``kept`` says what is in
    the store when something dies."""
    if client is None:
        return Here(plan, threads)
    from earthwork.scale.cluster import Cluster  # needs the extra

    return Cluster(client, plan, jobs, kept)
