"""The peers' virtual environment, made once under `target/` and shared by the benches and the test fixtures."""

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["pot==0.9.7.post1", "scipy==1.17.1", "numpy==2.4.6"]

_HOME = ROOT / "target" / "peers-venv"


def python() -> Path:
    """The Python that has the peers installed; makes it when it is missing or has other versions."""
    interpreter = _HOME / "bin" / "python"
    installed = _HOME / "packages.txt"
    wanted = "\n".join(PACKAGES) + "\n"
    if not (installed.exists() and installed.read_text() == wanted):
        print(f"installing {', '.join(PACKAGES)} into {_HOME.relative_to(ROOT)}", file=sys.stderr)
        venv.create(_HOME, clear=True, with_pip=True)
        subprocess.run(
            [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True
        )
        installed.write_text(wanted)
    return interpreter


def is_current() -> bool:
    """Whether this very process runs there."""
    return Path(sys.prefix) == _HOME
