"""Times the scripts of examples/pot, plain and accelerated, each as a process of its own.

    python benches/peers/pot_scripts.py [--pairs 3] [NAME ...]

The two ways take turns, with OMP_NUM_THREADS=1 and one thread of ours. What is compared is processor time, user and system, of the
whole process with its imports: it does not depend on what else the machine does. Wall time is shown beside it.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "examples" / "pot"


def timed(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """Processor and wall seconds of a process."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("names", nargs="*", help="scripts of examples/pot; all of them by default")
    given = parser.parse_args()
    found = os.pathsep.join([str(ROOT / "python"), os.environ.get("PYTHONPATH", "")])
    env = os.environ | {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "PYTHONPATH": found}
    scripts = [SCRIPTS / f"{name}.py" for name in given.names] or sorted(SCRIPTS.glob("*.py"))
    print("| script | POT, s | accelerated, s | ratio | wall, s |")
    print("| --- | --- | --- | --- | --- |")
    ratios = []
    for script in scripts:
        pairs = []
        for _ in range(given.pairs):
            pairs.append((timed([sys.executable, str(script)], env), timed([sys.executable, "-m", "earthwork.pot", str(script)], env)))
        plain, ours = (statistics.median(pair[k][0] for pair in pairs) for k in (0, 1))
        wall = [statistics.median(pair[k][1] for pair in pairs) for k in (0, 1)]
        ratios.append(statistics.median(pair[0][0] / pair[1][0] for pair in pairs))
        print(f"| {script.stem} | {plain:.2f} | {ours:.2f} | {ratios[-1]:.2f} | {wall[0]:.1f}, {wall[1]:.1f} |", flush=True)
    print(f"median of the ratios: {statistics.median(ratios):.2f}; least: {min(ratios):.2f}")


if __name__ == "__main__":
    main()
