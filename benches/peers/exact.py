#!/usr/bin/env python3
"""Exact transport against POT: same arrays, same core, one thread, in turn, in one process.

    python3 benches/peers/exact.py                        the foundation table
    python3 benches/peers/exact.py --table scale --rows 'n=10000 d=2'
    python3 benches/peers/exact.py --list --table all

Needs Python and Rust, nothing else: it installs the package of this checkout beside POT into a virtual environment under `target/`.
Each row is a fresh process in which both sides are called in turn (`exact_side.py`). POT's seconds are those of `ot.emd2` (or
`ot.emd2_1d`) with the cost matrix already in memory; earthwork's are those of the package's call, from points or matrix in memory to the
certificate. The ratio is the median over the pairs of adjacent calls. Memory is that of a process with one call of one side, over the
interpreter and its imports. Set EARTHWORK_PACKAGE to a wheel to measure another build.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

import inside
import report
from rows import TABLES, Row

SIDE = Path(__file__).resolve().parent / "exact_side.py"
LONGEST = 3600  # seconds allowed to one call of each side, by which a row has to end


class Failed(Exception):
    """One measurement gave no number; the message is the last thing it said."""


def run(*arguments: str) -> dict:
    """Runs a process of this environment and reads the JSON it prints."""
    try:
        done = subprocess.run([sys.executable, SIDE, *arguments], capture_output=True, text=True, timeout=2 * LONGEST)
    except subprocess.TimeoutExpired:
        raise Failed(f"stopped after {2 * LONGEST} s") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["no message"]
        raise Failed(f"exit code {done.returncode}: {said[-1]}")
    return json.loads(done.stdout)


def measure(row: Row, chosen: argparse.Namespace) -> dict:
    """Both sides in turn until the repeats or the row's time are used up, then the memory of each."""
    spec = json.dumps(row.as_dict())
    sides = ["pot", "earthwork"] if row.pot else ["earthwork"]
    failures: dict[str, str] = {}
    runs: dict[str, list[dict]] = {}
    try:
        runs = run("time", spec, json.dumps(sides), str(chosen.repeats), str(chosen.row_seconds))
    except Failed as why:
        # Which of them it was is found by each alone.
        for side in sides:
            try:
                runs |= run("time", spec, json.dumps([side]), "1", "0")
            except Failed as alone:
                failures[side] = str(alone)
        if not failures:
            failures["both"] = str(why)
    for side in runs:
        try:
            memory = run("memory", spec, json.dumps([side]))["bytes"]
            runs[side] = [found | {"bytes": memory} for found in runs[side]]
        except Failed as why:
            failures[side] = f"memory: {why}"
    return summary(row, runs, failures)


def summary(row: Row, runs: dict[str, list[dict]], failures: dict[str, str]) -> dict:
    """One line of the table."""
    pot, own = runs.get("pot", []), runs.get("earthwork", [])
    line = {"row": row, "failures": failures, "repeats": len(own)}
    if pot:
        line["pot_seconds"] = median(r["seconds"] for r in pot)
        line["warnings"] = sorted({warning for r in pot for warning in r["warnings"]})
    if own:
        last = own[-1]
        line["seconds"] = median(r["seconds"] for r in own)
        line["status"] = last["status"]
        line["gap"] = (last["upper"] - last["lower"]) / (abs(last["transport_cost"]) or 1.0)
    for key, side in [("pot_bytes", pot), ("bytes", own)]:
        if side and "bytes" in side[-1]:
            line[key] = side[-1]["bytes"]
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
    inside.enter(chosen.core)
    lines = []
    for row in rows:
        lines.append(measure(row, chosen))
        print(report.progress(lines[-1]), file=sys.stderr, flush=True)
    text = report.markdown(lines)
    print(text)
    if chosen.markdown:
        chosen.markdown.write_text(text + "\n")
    return 1 if any(line["failures"] for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
