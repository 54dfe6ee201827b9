"""Jobs of any kind, a few under way at a time; how far a run is, and how long it will still take."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

J = TypeVar("J")
R = TypeVar("R")


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_threads(
    jobs: Iterable[J], threads: int, work: Callable[[J], R], more: Callable[[], bool]
) -> Generator[tuple[J, R], None, None]:
    """Jobs on threads of this process, two under way for each of them; they come as they are done."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="earthwork")
    try:
        yield from windowed(jobs, 2 * threads, lambda job: pool.submit(work, job), _first, more)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _first(running: dict[Any, Any]) -> list[Any]:
    done: set[Future[Any]] = set()
    while not done:  # so that Ctrl-C is heard
        done = wait(running, timeout=0.2, return_when=FIRST_COMPLETED).done
    return list(done)


def windowed(
    jobs: Iterable[J],
    window: int,
    submit: Callable[[J], Any],
    finished: Callable[[dict[Any, J]], list[Any]],
    more: Callable[[], bool],
) -> Generator[tuple[J, Any], None, None]:
    """Keeps a number of jobs under way."""
    ahead = iter(jobs)
    running: dict[Any, J] = {}
    while True:
        while len(running) < window and more() and (job := next(ahead, None)) is not None:
            running[submit(job)] = job
        if not running:
            return
        for one in finished(running):
            yield running.pop(one), one.result()


class Clock:
    """How far a run is, and how long it will still take."""

    def __init__(self, total: int, todo: int, report: Callable[[dict[str, Any]], object] | None, stage: str = "pairs") -> None:
        self.total, self.todo, self.done, self._report, self._stage = total, todo, 0, report, stage
        self.begun = time.perf_counter()
        self._last = 0.0
        self._since = 0.0, 0

    def seconds(self) -> float:
        """Since the beginning."""
        return time.perf_counter() - self.begun

    def within(self, limit: float | None) -> Callable[[], bool]:
        """Whether there is time for more."""
        return lambda: limit is None or self.seconds() < limit

    def left(self) -> float | None:
        """Seconds until the end, at the pace since the first jobs were done: what came before is for the most part starting."""
        if not self.done or not self.todo:
            return None
        seconds, done = self._since
        if self.done - done >= max(done, 0.02 * self.todo):
            return (self.seconds() - seconds) / (self.done - done) * max(self.todo - self.done, 0)
        return self.seconds() / self.done * max(self.todo - self.done, 0)

    def tell(self, pairs: int) -> None:
        """That so many more pairs are done."""
        self.done += pairs
        now = time.perf_counter()
        if not self._since[1]:
            self._since = self.seconds(), self.done
        if self._report is None or (now - self._last < 0.2 and self.done < self.todo):
            return
        self._last = now
        absent = dict.fromkeys(("level", "levels", "epsilon", "iterations", "violations", "gap", "marginal_error"))
        done = self.total - self.todo + self.done
        self._report({"stage": self._stage, "done": done, "total": self.total, "seconds_left": self.left(), **absent})

