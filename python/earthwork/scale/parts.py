"""Results of any kind in a folder: one file each, written whole or not at all, with a checksum."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import uuid
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from earthwork._earthwork import Estimate, __version__
from earthwork.scale.folder import Folder, explained

FORMAT = 1
"""Of what a folder holds; another format is refused."""


class Part(NamedTuple):
    """What a task gives: what can be written as text, and bytes beside it."""

    head: Any
    body: bytes = b""


def packed(part: Part) -> bytes:
    """A file: one line with sizes and checksum, the head as JSON, the body. Numbers are those that they were, to the last bit."""
    head = json.dumps(part.head, default=_plain).encode()
    digest = hashlib.blake2b(head + part.body, digest_size=16).hexdigest()
    return b"earthwork part %d %s %d %d\n" % (FORMAT, digest.encode(), len(head), len(part.body)) + head + part.body


def unpacked(data: bytes) -> Part | None:
    """The way back; None where the bytes are not those that were written."""
    line, _, rest = data.partition(b"\n")
    words = line.split()
    if words[:2] != [b"earthwork", b"part"] or len(words) != 6:
        return None
    if hashlib.blake2b(rest, digest_size=16).hexdigest().encode() != words[3]:
        return None
    size = int(words[4])
    return Part(json.loads(rest[:size], object_hook=_back), rest[size:])


def _plain(given: Any) -> Any:
    """What JSON has no word for."""
    if isinstance(given, Estimate):
        return {"estimate": given.__reduce__()[1]}
    if isinstance(given, np.ndarray):
        return {"array": given.tolist(), "type": given.dtype.str}
    if isinstance(given, np.generic):
        return given.item()
    raise TypeError(f"{type(given).__name__} cannot be written")


def _back(given: dict[str, Any]) -> Any:
    if given.keys() == {"estimate"}:
        value, evidence, kind, method, sizes, *rest = given["estimate"]
        return Estimate(value, tuple(evidence), kind, method, tuple(sizes), *rest)
    if given.keys() == {"array", "type"}:
        return np.array(given["array"], dtype=given["type"])
    return given


def _file(folder: str | os.PathLike[str], name: str) -> str:
    return os.path.join(folder, "parts", quote(name, safe="+-_:=,~") + ".part")


def write_part(folder: str | os.PathLike[str], name: str, part: Part) -> None:
    """Writes a result: to a file of its own first, which then takes its name."""
    write_whole(_file(folder, name), packed(part))


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes a file whole, or not at all."""
    target = os.fspath(path)
    own = os.path.join(os.path.dirname(target), f".{uuid.uuid4().hex}.tmp")
    try:
        with open(own, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(own, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(own)
        raise


def read_part(folder: str | os.PathLike[str], name: str) -> tuple[Part | None, bool]:
    """A result, and whether it is damaged; None where there is none that can be used."""
    try:
        with open(_file(folder, name), "rb") as file:
            found = unpacked(file.read())
    except FileNotFoundError:
        return None, False
    return found, found is None


def forget_part(folder: str | os.PathLike[str], name: str) -> None:
    """Removes a result, where there is one."""
    with contextlib.suppress(OSError):
        os.unlink(_file(folder, name))


class Parts(Folder):
    """The results of the tasks of one call."""

    mark = "earthwork.json"
    ours = frozenset({"earthwork.json", "parts"})

    def begin(self, wanted: dict[str, Any]) -> None:
        """Opens what is there for these parameters, or makes it new."""
        wanted = json.loads(json.dumps({"format": FORMAT, "version": __version__, **wanted}))
        with self.alone():
            found = recorded(self.path)
            if found is not None:
                self.same(found, wanted)
                return
            self.nothing_else()
            with explained(self.path):
                (self.path / "parts").mkdir(exist_ok=True)
                write_whole(self.path / self.mark, json.dumps(wanted, indent=1).encode())


def recorded(path: Path) -> dict[str, Any] | None:
    """What a folder was made by."""
    try:
        found = json.loads((path / Parts.mark).read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
