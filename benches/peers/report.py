"""The table of the peer bench, and what one must know to read it: when, where, which versions."""

import datetime
import platform
import subprocess
from pathlib import Path

import environment


def _number(form: str):
    return lambda value: format(value, form)


def _megabytes(value: float) -> str:
    return f"{value / 1e6:.0f}"


COLUMNS = [
    ("POT s", "pot_seconds", _number(".3g")),
    ("earthwork s", "seconds", _number(".3g")),
    ("ratio", "ratio", lambda value: f"{value:.1f}x"),
    ("POT MB", "pot_bytes", _megabytes),
    ("earthwork MB", "bytes", _megabytes),
    ("objective difference", "difference", _number("+.0e")),
    ("gap", "gap", _number(".0e")),
    ("status", "status", str),
]


def cells(line: dict) -> list[str]:
    """The cells of one row; what was not measured is a dash."""
    row = line["row"]
    found = {heading: show(line[key]) if key in line else "-" for heading, key, show in COLUMNS}
    if row.kind == "matrix" and "bytes" in line:
        found["earthwork MB"] += f" ({line['bytes'] / row.matrix_bytes:.2f} of the matrix)"
    found |= {f"{side} s".replace("pot", "POT"): "failed" for side in line["failures"]}
    values = list(found.values())
    return [row.name, *values[:3], row.asked or "-", *values[3:]]


def progress(line: dict) -> str:
    """One line for the terminal while the bench runs."""
    name, pot, own, ratio, *_ = cells(line)
    return f"{name:<45} POT {pot:>7} s   earthwork {own:>7} s   {ratio}"


def markdown(lines: list[dict]) -> str:
    """The whole report."""
    headings = [heading for heading, _, _ in COLUMNS]
    table = [["row", *headings[:3], "asked", *headings[3:]], *map(cells, lines)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    table.insert(1, ["-" * width for width in widths])
    body = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in table]
    return "\n".join([setting(lines), "", *body, *notes(lines)])


def notes(lines: list[dict]) -> list[str]:
    """Failures and warnings, which belong beside the numbers."""
    found = [f"{line['row'].name}: {side} failed: {why}" for line in lines for side, why in line["failures"].items()]
    found += [f"{line['row'].name}: POT warns: {warning}" for line in lines for warning in line.get("warnings", [])]
    return ["", *(f"- {note}" for note in found)] if found else []


def setting(lines: list[dict]) -> str:
    """Date, machine, versions, in two sentences."""
    counts = sorted({line["repeats"] for line in lines})
    return (
        f"{datetime.date.today()}, {processor()}, one core, commit {commit()}, Python {platform.python_version()}, "
        f"{', '.join(environment.PACKAGES)}. Both sides in one process, medians of {' or '.join(map(str, counts))} pairs of calls; MB of "
        "each side in a process of its own, over the interpreter and its imports."
    )


def processor() -> str:
    try:
        facts = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((fact.split(":")[1].strip() for fact in facts if fact.startswith("model name")), platform.machine())


def commit() -> str:
    """The short commit, with `+` when files differ from it."""
    git = ["git", "-C", str(environment.ROOT)]
    try:
        name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name.stdout.strip() + ("+" if changed.stdout.strip() else "")
