#!/usr/bin/env python3
"""One WGAN-GP critic step against PyTorch: same network, same points, one thread, single precision, in turn, in one run.

    cargo xtask bench wgan
    python3 benches/peers/wgan.py --rows 'width 64' --repeats 5

A step is E f(y) - E f(x) + 10 E (|grad f| - 1)^2 over 256 points of each side in the plane and 256 between them, its gradient, and Adam;
leaky ReLUs. PyTorch's is the usual code: `autograd.grad(create_graph=True)`, `backward`, `Adam.step`; it is warmed up, and tried with
`torch.compile` where `--compile` is given. Each measurement is a fresh process that reports the least processor time a step over ten
parts of its run; the ratio is the median over the pairs of adjacent runs. Before, losses and gradients of both sides are compared on the same weights.
PyTorch is a large download, so this is not a part of the tests.
"""

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import environment
import report

HERE = Path(__file__).resolve()
TORCH = "torch==2.15.0"
BATCH = 256
PARTS = 10
# Width of the three hidden layers, steps of a measurement, and the ratios asked for: least and aim.
ROWS = [(64, 1000, 4.0, 8.0), (128, 500, 3.0, 5.0), (512, 50, 1.2, 2.0)]
ONE_THREAD = dict.fromkeys(["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"], "1")


def name(width: int) -> str:
    return f"3 layers of width {width}"


def peer(width: int, steps: int, file: str | None, compiled: bool) -> None:
    """PyTorch's side, run in a process of its own: prints one line of JSON."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    slope = 0.2
    layers = []
    for inputs in [2, width, width]:
        layers += [torch.nn.Linear(inputs, width), torch.nn.LeakyReLU(slope)]
    network = torch.nn.Sequential(*layers, torch.nn.Linear(width, 1))

    def loss(x, y, parts):
        value = network(y).mean() - network(x).mean()
        between = (x + parts * (y - x)).requires_grad_(True)
        gradient = torch.autograd.grad(network(between).sum(), between, create_graph=True)[0]
        return value + 10 * ((gradient.norm(dim=1) - 1) ** 2).mean()

    found = {"torch": torch.__version__}
    if file:
        given = json.loads(Path(file).read_text())
        flat, at = torch.tensor(given["parameters"]), 0
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.copy_(flat[at : at + parameter.numel()].view_as(parameter))
                at += parameter.numel()
        value = loss(torch.tensor(given["x"]), torch.tensor(given["y"]), torch.tensor(given["parts"])[:, None])
        value.backward()
        own = torch.cat([parameter.grad.flatten() for parameter in network.parameters()])
        theirs = torch.tensor(given["gradient"])
        found["loss"] = abs(value.item() - given["loss"]) / abs(value.item())
        found["gradient"] = ((own - theirs).norm() / own.norm()).item()
    adam = torch.optim.Adam(network.parameters(), lr=1e-4, betas=(0.0, 0.9))
    x, y = torch.rand(BATCH, 2) * 2 - 1, torch.rand(BATCH, 2) + 0.5

    def step():
        adam.zero_grad()
        loss(x, y, torch.rand(BATCH, 1)).backward()
        adam.step()

    if compiled:
        step = torch.compile(step)
    for _ in range(10):
        step()
    least = float("inf")
    for _ in range(PARTS):
        start = time.process_time()
        for _ in range(-(-steps // PARTS)):
            step()
        least = min(least, (time.process_time() - start) / -(-steps // PARTS))
    print(json.dumps(found | {"seconds": least}))


def program() -> Path:
    """The built `benches/wgan.rs`."""
    build = ["cargo", "build", "--release", "--bench", "wgan", "--message-format=json", "--manifest-path"]
    lines = subprocess.run([*build, environment.ROOT / "Cargo.toml"], check=True, capture_output=True, text=True).stdout
    found = [json.loads(line) for line in lines.splitlines() if '"executable"' in line]
    return next(Path(line["executable"]) for line in found if line.get("target", {}).get("name") == "wgan")


def measure(width: int, steps: int, binary: Path, repeats: int, compiled: bool) -> list[tuple[dict, float]]:
    """Pairs of runs: PyTorch's and earthwork's."""
    python = environment.python(TORCH)
    variables = os.environ | ONE_THREAD
    # Settings of this machine for other libraries would slow PyTorch down.
    variables = {key: value for key, value in variables.items() if not key.startswith("OPENBLAS_CORE")}
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/step.json"
        for _ in range(repeats):
            own = [binary, str(width), str(steps), file]
            ours = float(subprocess.run(own, check=True, capture_output=True, text=True).stdout)
            other = [python, HERE, "--peer", str(width), str(steps), file, *(["--compile"] if compiled else [])]
            theirs = subprocess.run(other, check=True, capture_output=True, text=True, env=variables).stdout
            pairs.append((json.loads(theirs), ours))
    return pairs


def line(row: tuple[int, int, float, float], pairs: list[tuple[dict, float]]) -> list[str]:
    """One row of the table."""
    width, _, least, aim = row
    return [
        name(width),
        f"{1e3 * median(theirs['seconds'] for theirs, _ in pairs):.3g}",
        f"{1e3 * median(ours for _, ours in pairs):.3g}",
        f"{median(theirs['seconds'] / ours for theirs, ours in pairs):.1f}x",
        f"{least:g}x",
        f"{aim:g}x",
        f"{max(theirs['loss'] for theirs, _ in pairs):.0e}, {max(theirs['gradient'] for theirs, _ in pairs):.0e}",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", metavar="REGEX", default="", help="only rows whose name matches")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="pairs of runs a row (default 3)")
    parser.add_argument("--core", type=int, default=(os.cpu_count() or 1) - 1, help="core to pin to (default: the last)")
    parser.add_argument("--compile", action="store_true", help="PyTorch's step through torch.compile (needs a C++ compiler)")
    parser.add_argument("--peer", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.peer:
        width, steps, *file = chosen.peer
        peer(int(width), int(steps), file[0] if file else None, chosen.compile)
        return 0
    binary = program()
    environment.python(TORCH)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {chosen.core})
    table = [["row", "PyTorch ms", "earthwork ms", "ratio", "least", "aim", "relative difference of loss, gradient"]]
    for row in ROWS:
        if re.search(chosen.rows, name(row[0])):
            table.append(line(row, measure(row[0], row[1], binary, chosen.repeats, chosen.compile)))
            print("   ".join(table[-1]), file=sys.stderr, flush=True)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    table.insert(1, ["-" * width for width in widths])
    setting = f"{datetime.date.today()}, {report.processor()}, one core, commit {report.commit()}, Python {platform.python_version()}"
    print(f"{setting}, {TORCH}{' with torch.compile' if chosen.compile else ''}. Medians of {chosen.repeats} pairs of runs.\n")
    print("\n".join("| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
