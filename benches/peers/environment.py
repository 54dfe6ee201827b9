"""The peers' virtual environment, made once under `target/` and shared by the benches and the test fixtures."""

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["pot==0.9.7.post1", "scipy==1.17.1", "numpy==2.4.6"]

_HOME = ROOT / "target" / "peers-venv"


def python(*extra: str) -> Path:
    """The Python that has the peers installed; makes it when it is missing or has other versions. With `extra` packages it is
    one of its own, beside the one that all share."""
    home = _HOME.with_name("-".join([_HOME.name, *(package.split("==")[0] for package in extra)]))
    packages = [*PACKAGES, *extra]
    interpreter = home / "bin" / "python"
    installed = home / "packages.txt"
    wanted = "\n".join(packages) + "\n"
    if not (installed.exists() and installed.read_text() == wanted):
        print(f"installing {', '.join(packages)} into {home.relative_to(ROOT)}", file=sys.stderr)
        venv.create(home, clear=True, with_pip=True)
        subprocess.run(
            [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], check=True
        )
        installed.write_text(wanted)
    return interpreter


def is_current() -> bool:
    """Whether this very process runs there."""
    return Path(sys.prefix) == _HOME
