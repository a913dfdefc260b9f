"""Install Saleor's packages beside its source, and run its own commands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from django.core.management.base import CommandError

_OLDEST_PYTHON = (3, 12)  # Saleor asks for 3.12, and runs on 3.13 too
# It is only used by Saleor's broker on Amazon's queues, and has no wheel.
_LEFT_OUT = "pycurl"
# Saleor's populatedb imports its tests' fixtures.
_ALSO_NEEDED = "pytest"


def install_saleor(source: Path) -> Path:
    """Return the Python of `source/.venv`, which is created from Saleor's lock file if it is missing.

    Raises CommandError if `source` does not hold Saleor or its packages cannot be installed.
    """
    if not (source / "saleor" / "asgi").exists() or not (source / "uv.lock").exists():
        raise CommandError(f"{source} does not contain Saleor's source (saleor/asgi, uv.lock).")
    if sys.version_info < _OLDEST_PYTHON:
        raise CommandError("Saleor needs Python 3.12 or newer: make PYTHON=… setup")
    environment, uv = source / ".venv", Path(sys.executable).parent / "uv"
    python, mark = environment / "bin" / "python", environment / "installed"
    if mark.exists():
        return python
    export = [str(uv), "export", "--frozen", "--no-dev", "--no-emit-project", "--no-hashes", "--quiet"]
    locked = run_command(export, cwd=source).splitlines()
    requirements = source / ".venv-requirements.txt"
    requirements.write_text("\n".join(line for line in locked if not line.startswith(_LEFT_OUT)))
    run_command([sys.executable, "-m", "venv", str(environment)], cwd=source)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run_command([*install, "--requirement", str(requirements), _ALSO_NEEDED], cwd=source)
    requirements.unlink()
    mark.touch()
    return python


def run_command(command: list[str], *, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a command and return what it prints. Raises CommandError with the end of its output."""
    run = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        output = (run.stdout + run.stderr)[-2_000:]
        raise CommandError(f"{' '.join(command[:4])} … failed:\n{output}")
    return run.stdout
