"""Runs the notebooks from their sources, `notebooks/*.py`; every claim in them is an `assert`.

    python notebooks/run.py                     run all, fail at the first that fails
    python notebooks/run.py --write [NAME ...]  also write the executed notebooks beside the sources

Needs jupytext, nbclient and ipykernel: `cargo xtask python` makes an environment that has them.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).parent


def executed(source: Path) -> nbformat.NotebookNode:
    """The notebook of a source, run in a fresh kernel."""
    notebook = jupytext.read(source)
    for at, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{at}"  # random ones would change with every run
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    quiet = ["--log-level=ERROR"]
    place = {"metadata": {"path": str(HERE)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", extra_arguments=quiet, resources=place).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # the times of this run
    notebook.metadata.pop("language_info", None)
    return notebook


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="the beginnings of names; all notebooks by default")
    parser.add_argument("--write", action="store_true", help="write the executed notebooks")
    options = parser.parse_args()
    sources = [path for path in sorted(HERE.glob("[0-9]*.py")) if path.name.startswith(tuple(options.names) or "")]
    failed = 0
    for source in sources:
        begun = time.monotonic()
        try:
            notebook = executed(source)
        except CellExecutionError as error:
            failed += 1
            print(f"{source.name} ... FAILED\n{error}", flush=True)
            continue
        if options.write:
            nbformat.write(notebook, source.with_suffix(".ipynb"))
        print(f"{source.name} ... ok ({time.monotonic() - begun:.1f} s)", flush=True)
    print(f"notebooks: {len(sources) - failed} passed, {failed} failed")
    return 1 if failed or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
