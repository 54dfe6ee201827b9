"""Runs the tests that POT's source distribution ships: with POT as it is, accelerated, and with ``earthwork.pot`` alone.

    python tests/pot_suite.py [--modes plain,accelerated,alone] [--source DIR] [--json FILE] [FILES or -k ... for pytest]

Downloads the sources by pip unless ``--source`` says where they lie unpacked. Ends with 1 when a test passes plain and not accelerated.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

VERSION = "0.9.7.post1"

CONFTEST = '''
import functools, json, os, sys
import pytest

MODE = os.environ["EARTHWORK_POT_MODE"]
if MODE == "accelerated":
    import earthwork.pot
    earthwork.pot.accelerate(check=float(os.environ.get("EARTHWORK_POT_CHECK", "0")))

if MODE == "alone":
    import importlib, importlib.abc, importlib.util
    import earthwork.pot
    from earthwork.pot._table import SERVED

    class Alone(importlib.abc.MetaPathFinder, importlib.abc.Loader):
        """``ot`` is earthwork.pot, and POT's private modules are the public ones that they lie in."""

        def find_spec(self, name, path=None, target=None):
            if name != "ot" and not name.startswith("ot."):
                return None
            return importlib.util.spec_from_loader(name, self, is_package=True)

        def create_module(self, spec):
            name = SERVED[spec.name][0] if spec.name in SERVED else spec.name[3:].split("._")[0]
            try:
                found = importlib.import_module(f"earthwork.pot.{name}".rstrip("."))
            except ModuleNotFoundError as why:
                raise ModuleNotFoundError(f"earthwork.pot has no {spec.name}") from why
            self.kept = {key: found.__dict__[key] for key in ("__name__", "__spec__", "__loader__", "__package__", "__path__") if key in found.__dict__}
            return found

        def exec_module(self, module):
            module.__dict__.update(self.kept)

    sys.meta_path.insert(0, Alone())
    for private in ("ot.lp._network_simplex", "ot.lp._barycenter_solvers", "ot.lp.solver_1d", "ot.lp.solver_circle", "ot.solvers._linear", "ot.gaussian"):
        importlib.import_module(private)
    earthwork.pot.barycenters.cvxopt = False  # what tests ask for before they use it

from ot.backend import get_backend_list


@pytest.fixture(params=get_backend_list())
def nx(request):
    yield request.param


def skip_arg(arg, value, reason=None, getter=lambda x: x):
    args = arg if isinstance(arg, (tuple, list)) else (arg,)
    values = value if isinstance(arg, (tuple, list)) else (value,)
    getters = getter if isinstance(getter, (tuple, list)) else [getter] * len(args)

    def decorated(function):
        @functools.wraps(function)
        def wrapped(*positional, **named):
            if all(k in named and get(named[k]) == v for k, v, get in zip(args, values, getters)):
                pytest.skip(reason or f"{arg} is {value}")
            return function(*positional, **named)
        return wrapped
    return decorated


def pytest_configure(config):
    pytest.skip_arg = skip_arg
    pytest.skip_backend = functools.partial(skip_arg, "nx", getter=str)


OUTCOMES = {}


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        text = str(report.longrepr)[-300:] if report.failed else ""
        OUTCOMES[report.nodeid] = [report.outcome, report.duration, text]


def pytest_collectreport(report):
    if report.failed:
        OUTCOMES[report.nodeid] = ["failed", 0.0, str(report.longrepr)[-300:]]


def pytest_sessionfinish(session):
    found = {"outcomes": OUTCOMES, "calls": []}
    if MODE == "accelerated":
        found["calls"] = earthwork.pot.report_rows()
    with open(os.environ["EARTHWORK_POT_FOUND"], "w") as out:
        json.dump(found, out)
'''


def sources(into: Path) -> Path:
    """POT's source distribution, unpacked."""
    asked = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", "POT", f"POT=={VERSION}", "-d", str(into)]
    subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(into.glob("[pP][oO][tT]-*.tar.gz"))) as packed:
        packed.extractall(into, filter="data")
    return next(path for path in into.iterdir() if path.is_dir())


def run(mode: str, tests: Path, found: Path, asked: list[str]) -> dict[str, object]:
    """One run of pytest; outcomes by test."""
    package = Path(__file__).resolve().parents[1]
    built = any(path.suffix != ".pyi" for path in (package / "earthwork").glob("_earthwork.*"))  # else the package is an installed one
    there = os.pathsep.join([*([str(package)] if built else []), os.environ.get("PYTHONPATH", "")])
    env = os.environ | {"EARTHWORK_POT_MODE": mode, "EARTHWORK_POT_FOUND": str(found), "PYTHONPATH": there}
    quiet = ["-q", "-q", "--no-header", "--tb=short", "-o", "addopts=", "--continue-on-collection-errors", "-p", "no:cacheprovider", "-W", "ignore"]
    named = asked or ["."]
    log = found.with_suffix(".log")
    with log.open("w") as out:
        subprocess.run([sys.executable, "-m", "pytest", *quiet, *named], cwd=tests, env=env, stdout=out, stderr=out)
    if not found.exists():
        sys.exit(f"pytest wrote no outcomes; see {log}:\n" + log.read_text()[-2000:])
    return json.loads(found.read_text())


def compared(found: dict[str, dict], part: bool = False) -> tuple[list[str], list[str]]:
    """Lines for people, and the tests that only pass plain."""
    lines = []
    for mode, result in found.items():
        counts = Counter(outcome for outcome, _, _ in result["outcomes"].values())
        spent = sum(seconds for _, seconds, _ in result["outcomes"].values())
        told = ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))
        share = counts["passed"] / max(counts["passed"] + counts["failed"], 1)
        lines.append(f"{mode}: {told}; {100 * share:.1f} % of those that ran pass; {spent:.0f} s in tests")
    lost: list[str] = []
    if "plain" in found and "accelerated" in found:
        other = found["accelerated"]["outcomes"]
        passed = [test for test, one in found["plain"]["outcomes"].items() if one[0] == "passed"]
        if part:  # a former plain run can hold more files than were asked for
            passed = [test for test in passed if test in other]
        lost = [test for test in passed if other.get(test, ["missing"])[0] != "passed"]
        lines.append(f"pass plain and fail accelerated: {len(lost)}")
        lines += [f"  {test}" for test in lost]
    if "accelerated" in found:
        rows = found["accelerated"]["calls"]
        ours, inside, all_calls = (sum(row[key] for row in rows) for key in ("served", "inside", "calls"))
        share, more = (100 * part / max(all_calls, 1) for part in (ours, inside))
        lines.append(f"calls of solvers served here: {ours} of {all_calls} ({share:.1f} %)")
        lines.append(f"calls of POT's code with all solves inside served here: {inside} ({more:.1f} % more)")
    if "alone" in found:
        lines += by_file(found["alone"]["outcomes"])
    return lines, lost


def by_file(outcomes: dict[str, list]) -> list[str]:
    """How many tests of each file pass."""
    files: dict[str, Counter] = {}
    for test, (outcome, _, _) in outcomes.items():
        files.setdefault(Path(test.split("::")[0]).name, Counter())[outcome] += 1
    return [f"  {name}: {counts['passed']} of {counts['passed'] + counts['failed']}" for name, counts in sorted(files.items())]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modes", default="plain,accelerated,alone")
    parser.add_argument("--source", type=Path)
    parser.add_argument("--plain", type=Path, help="outcomes of a former plain run, to compare with")
    parser.add_argument("--json", type=Path, help="where to write all outcomes")
    given, asked = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        tests = (given.source or sources(place)) / "test"
        (tests / "conftest.py").write_text(CONFTEST)
        found = {} if given.plain is None else {"plain": json.loads(given.plain.read_text())["plain"]}
        for mode in given.modes.split(","):
            found[mode] = run(mode, tests, place / f"{mode}.json", asked)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))
    lines, lost = compared(found, bool(asked))
    print("\n".join(lines))
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
