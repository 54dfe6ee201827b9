"""Runs a script with an accelerated POT.

    python -m earthwork.pot [--report] [--check PART] script.py ARGS
    python -m earthwork.pot [...] -m module ARGS
"""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path

from earthwork.pot import _accelerate, _quick


def main(given: list[str]) -> None:
    """Runs what the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m earthwork.pot", description="Runs a script that uses POT, faster.")
    parser.add_argument("--report", action="store_true", help="print at the end which calls were served here, and why not")
    parser.add_argument("--check", type=float, default=0.0, metavar="PART", help="run POT as well on this part of the calls")
    parser.add_argument("-m", dest="module", action="store_true", help="what follows is a module, not a file")
    parser.add_argument("script")
    parser.add_argument("args", nargs=argparse.REMAINDER)
    asked = parser.parse_args(given)
    if not asked.module and not Path(asked.script).is_file():
        parser.error(f"there is no file {asked.script}")
    try:
        _quick.import_pot()
        _accelerate.accelerate(asked.check)
    except (ImportError, ValueError) as why:
        parser.error(str(why))
    sys.argv = [asked.script, *asked.args]
    try:
        if asked.module:
            sys.path.insert(0, "")
            runpy.run_module(asked.script, run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, str(Path(asked.script).resolve().parent))
            runpy.run_path(asked.script, run_name="__main__")
    finally:
        if asked.report or asked.check:
            print(_accelerate.report(), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
