"""Both sides in one process: the package of this checkout beside its peers, called in turn as a user would call them.

A bench runs itself again in a virtual environment of its own that has the package (:func:`enter`), times both sides there
(:func:`in_turn`), and asks for the memory of each side in a fresh process (:func:`memory`), over what the interpreter and its imports
take. Everything runs on one thread and one core.

EARTHWORK_PACKAGE names another wheel or folder to install, to measure another build.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import environment
import report

MARK = "EARTHWORK_PEERS_INSIDE"
ONE_THREAD = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"], "1")


def parser(text: str, repeats: int = 3) -> argparse.ArgumentParser:
    """The options that every bench has."""
    made = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--rows", metavar="REGEX", default="", help="only rows whose name matches")
    made.add_argument("--repeats", type=int, default=repeats, metavar="K", help=f"pairs of runs a row (default {repeats})")
    made.add_argument("--core", type=int, default=(os.cpu_count() or 1) - 1, help="core to pin to (default: the last)")
    made.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    return made


def enter(core: int | None, *extra: str) -> None:
    """Goes on inside the environment with the package, the peers and the `extra` packages, on one thread and one core (None: on all)."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})  # every process started from here on inherits it
    if os.environ.get(MARK) == sys.prefix:
        return
    python = environment.python("maturin", *extra)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall", "--no-deps"]
    subprocess.run([*install, os.environ.get("EARTHWORK_PACKAGE", environment.ROOT / "python")], check=True)
    again = [python, Path(sys.argv[0]).resolve(), *sys.argv[1:]]
    inside = os.environ | ONE_THREAD | {MARK: str(python.parents[1])}
    sys.exit(subprocess.run(again, env=inside, check=False).returncode)


def timed(call) -> dict:
    """One call: seconds by the clock, seconds of the processor, what it returned."""
    cpu, start = time.process_time(), time.perf_counter()
    value = call()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {"seconds": seconds, "cpu_seconds": cpu, "value": value}


def in_turn(sides: dict, repeats: int) -> dict[str, list[dict]]:
    """The calls one after the other, again and again."""
    runs: dict[str, list[dict]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, call in sides.items():
            runs[name].append(timed(call))
    return runs


def middle(runs: list[dict], key: str = "seconds") -> float:
    return median(run[key] for run in runs)


def ratio(theirs: list[dict], ours: list[dict], key: str = "seconds") -> float:
    """The median over the pairs of adjacent runs."""
    return median(a[key] / b[key] for a, b in zip(theirs, ours))


def peak_bytes() -> int:
    """Peak resident memory of this process. (`ru_maxrss` would start from that of the parent.)"""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("no VmHWM in /proc/self/status")


def memory(side: str, row: str) -> int:
    """What one side of a row adds to the interpreter and its imports, in a process of its own: see :func:`told_memory`."""
    own = [sys.executable, Path(sys.argv[0]).resolve(), "--memory", side, row]
    done = subprocess.run(own, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    return json.loads(done.stdout)["bytes"]


def told_memory(imports, call) -> None:
    """In that process: `imports()` loads what either side needs, `call()` makes the inputs and runs the side."""
    imports()
    before = peak_bytes()
    call()
    print(json.dumps({"bytes": peak_bytes() - before}))


def setting(repeats: int, *extra: str) -> str:
    """When, where, which versions."""
    return (
        f"{datetime.date.today()}, {report.processor()}, one core, commit {report.commit()}, Python {platform.python_version()}, "
        f"{', '.join([*environment.PACKAGES, *extra])}. Both sides in one process, medians of {repeats} pairs of runs; memory of each "
        "side in a process of its own, over the interpreter and its imports."
    )


def markdown(table: list[list[str]]) -> str:
    """A table with its head in the first row."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = [table[0], ["-" * width for width in widths], *table[1:]]
    return "\n".join("| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in lines)
