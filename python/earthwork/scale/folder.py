"""A folder that runs share: a lock that dies with its process, parameters that are compared, errors that say what to do."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_LOCK = ".earthwork.lock"


class Busy(RuntimeError):
    """Another run is at work on the store."""


class Lock:
    """Held by a run for as long as its process lives; a process that is killed holds nothing.

    Shards hold it together, each its own besides; a run that is no shard holds it alone.
    """

    def __init__(self, folder: Path, shard: tuple[int, int] | None) -> None:
        self._open: list[int] = []
        self._folder = folder
        try:
            self._take(folder / _LOCK, alone=shard is None)
            if shard is not None:
                self._take(folder / f"{_LOCK}.{shard[0]}-of-{shard[1]}", alone=True)
        except BaseException:
            self.release()
            raise

    def _take(self, path: Path, alone: bool) -> None:
        import fcntl

        held = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        self._open.append(held)
        try:
            fcntl.flock(held, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError as why:
            if why.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            holder = os.read(held, 200).decode(errors="replace").strip() or "another process"
            raise Busy(
                f"store: another run is at work on {self._folder} ({holder}); wait for it, or let each run do a `shard`"
            ) from None
        with contextlib.suppress(OSError):  # a full disk: who holds the lock is only for the message
            os.ftruncate(held, 0)
            os.pwrite(held, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)

    def release(self) -> None:
        """Lets other runs in."""
        for held in self._open:
            os.close(held)
        self._open.clear()


@contextlib.contextmanager
def explained(folder: Path, done: Callable[[], str] | None = None) -> Iterator[None]:
    """Errors of the file system, with what to do."""
    try:
        yield
    except OSError as why:
        kept = f"{done()}; nothing that was written is lost" if done else "nothing was written"
        if why.errno in (errno.ENOSPC, errno.EDQUOT):
            text = f"store: there is no space left for {folder} ({kept}): make room and call again"
        elif why.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            text = f"store: {folder} cannot be written to ({os.strerror(why.errno)}; {kept})"
        else:
            raise
        raise OSError(why.errno, text) from None



_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)


class Folder:
    """What a run writes to and a later one goes on from. A kind of store says what marks it, and how it is made."""

    mark: str
    """The file without which the folder is no store yet."""
    ours: frozenset[str]
    """What may lie in it."""

    def __init__(self, path: Any, shard: tuple[int, int] | None = None) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"store: the path of a folder is needed, not {type(path).__name__}")
        self.path = Path(path)
        self.writable = True
        self._lock: Lock | None = None
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"store: {self.path} is a file, but a folder is needed")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = Lock(self.path, shard)
        except OSError as why:
            if why.errno not in _CLOSED or not (self.path / self.mark).exists():
                with explained(self.path):
                    raise
            self.writable = False  # what is complete can be read all the same

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets other runs in."""
        if self._lock is not None:
            self._lock.release()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Of several shards that begin at the same time, one makes the store."""
        if not self.writable:
            yield
            return
        import fcntl

        with explained(self.path):
            held = os.open(self.path / f"{_LOCK}.make", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            os.close(held)

    def nothing_else(self) -> None:
        """Refuses a folder in which something else lies."""
        strange = sorted({one.name for one in self.path.iterdir() if not one.name.startswith(_LOCK)} - self.ours)
        if strange:
            raise ValueError(f"store: {self.path} holds something else ({strange[0]!r}); give a new or an empty folder")

    def same(self, found: dict[str, Any], wanted: dict[str, Any]) -> None:
        """Refuses to go on from what was made by other parameters."""
        differs = [
            f"{key} was {_brief(found.get(key))}, and is {_brief(value)}" for key, value in wanted.items() if found.get(key) != value
        ]
        if differs:
            raise ValueError(f"store: {self.path} was made by another call: {'; '.join(differs)}. Give another folder")


def _brief(given: Any) -> str:
    text = repr(given)
    return text if len(text) <= 60 else f"{text[:57]}..."
