#!/usr/bin/env python3
"""Exact transport against POT: same inputs, same core, one thread, in turn, in one run.

    python3 benches/peers/exact.py                        the foundation table
    python3 benches/peers/exact.py --table scale --rows 'n=10000 d=2'
    python3 benches/peers/exact.py --list --table all

Needs Python and Rust, nothing else: it builds the command `earthwork`, makes a virtual environment with POT under
`target/` and writes its inputs to `target/peers/`. Each measurement is a fresh process. POT's seconds are those of
`ot.emd2` (or `ot.emd2_1d`) with the cost matrix already in memory; earthwork's are the `seconds` of its own report,
from points or matrix in memory to the certificate. The ratio is the median over the pairs of adjacent runs.
Set EARTHWORK_BIN to measure another build of the command.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import environment
import report
from rows import TABLES, Row

HERE = Path(__file__).resolve().parent
ROOT = environment.ROOT
INPUTS = ROOT / "target" / "peers"
ONE_THREAD = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"], "1")
LONGEST = 3600  # seconds allowed to one measurement


class Failed(Exception):
    """One measurement gave no number; the message is the last thing it said."""


def command() -> Path:
    """The earthwork binary to measure, built from this checkout unless EARTHWORK_BIN names one."""
    if given := os.environ.get("EARTHWORK_BIN"):
        return Path(given).resolve()
    subprocess.run(["cargo", "build", "--release"], cwd=ROOT, check=True)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "earthwork"


def run(arguments: list, folder: Path) -> dict:
    """Runs one side and reads the JSON it prints."""
    try:
        done = subprocess.run(
            arguments, cwd=folder, env=os.environ | ONE_THREAD, capture_output=True, text=True, timeout=LONGEST
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"stopped after {LONGEST} s") from None
    except OSError as why:
        raise Failed(str(why)) from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["no message"]
        raise Failed(f"exit code {done.returncode}: {said[-1]}")
    return json.loads(done.stdout)


def measure(row: Row, binary: Path, chosen: argparse.Namespace) -> dict:
    """Both sides in turn until the repeats or the row's time are used up."""
    python = environment.python()
    folder = INPUTS / re.sub(r"[^A-Za-z0-9=]+", "-", row.name)
    spec = json.dumps(row.as_dict())
    sides = {"pot": [python, HERE / "pot_side.py", spec, folder]} if row.pot else {}
    sides["earthwork"] = [binary, "emd", *row.arguments()]
    runs: dict[str, list[dict]] = {side: [] for side in sides}
    failures: dict[str, str] = {}
    subprocess.run([python, HERE / "inputs.py", spec, folder], check=True)
    start = time.monotonic()
    for repeat in range(chosen.repeats):
        if repeat and time.monotonic() - start > chosen.row_seconds:
            break
        for side, arguments in sides.items():
            if side in failures:
                continue
            try:
                runs[side].append(run(arguments, folder))
            except Failed as why:
                failures[side] = str(why)
    shutil.rmtree(folder)
    return summary(row, runs, failures)


def summary(row: Row, runs: dict[str, list[dict]], failures: dict[str, str]) -> dict:
    """One line of the table."""
    pot, own = runs.get("pot", []), runs["earthwork"]
    line = {"row": row, "failures": failures, "repeats": len(own)}
    if pot:
        line["pot_seconds"] = median(r["seconds"] for r in pot)
        line["pot_bytes"] = max(r["peak_memory_bytes"] for r in pot)
        line["import_bytes"] = max(r["import_memory_bytes"] for r in pot)
        line["warnings"] = sorted({warning for r in pot for warning in r["warnings"]})
    if own:
        last = own[-1]
        line["seconds"] = median(r["seconds"] for r in own)
        line["bytes"] = max(r["peak_memory_bytes"] for r in own)
        line["status"] = last["status"]
        line["gap"] = (last["upper"] - last["lower"]) / (abs(last["transport_cost"]) or 1.0)
    if pot and own:
        line["ratio"] = median(p["seconds"] / o["seconds"] for p, o in zip(pot, own))
        truth = pot[-1]["transport_cost"]
        line["difference"] = (own[-1]["transport_cost"] - truth) / (abs(truth) or 1.0)
    return line


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", choices=[*TABLES, "all"], default="foundation", help="default: foundation")
    parser.add_argument("--rows", metavar="REGEX", default="", help="only rows whose name matches")
    parser.add_argument("--repeats", type=int, default=3, metavar="K", help="pairs of runs a row (default 3)")
    parser.add_argument(
        "--row-seconds", type=float, default=300, metavar="S", help="start no further repeat after this (default 300)"
    )
    parser.add_argument(
        "--core", type=int, default=(os.cpu_count() or 1) - 1, help="core to pin to (default: the last)"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the report to FILE")
    parser.add_argument("--list", action="store_true", help="show the names of the rows and stop")
    return parser.parse_args()


def main() -> int:
    chosen = options()
    tables = [t for t in TABLES if t != "tiny"] if chosen.table == "all" else [chosen.table]
    rows = [row for table in tables for row in TABLES[table]() if re.search(chosen.rows, row.name)]
    if not rows:
        print("no row has such a name; --list shows them", file=sys.stderr)
        return 2
    if chosen.list:
        print("\n".join(row.name for row in rows))
        return 0
    binary = command()
    environment.python()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {chosen.core})  # every process started from here on inherits it
    lines = []
    for row in rows:
        lines.append(measure(row, binary, chosen))
        print(report.progress(lines[-1]), file=sys.stderr, flush=True)
    text = report.markdown(lines)
    print(text)
    if chosen.markdown:
        chosen.markdown.write_text(text + "\n")
    return 1 if any(line["failures"] for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
