"""Run a server process on a free loopback port. It ends with this process, even if that is killed."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_CLIENT_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


class MissingService(Exception):
    """A server program is not installed. The message names the package."""


@dataclass(frozen=True)
class Service:
    url: str
    process: subprocess.Popen[bytes]
    folder: Path

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def create_server_folder(name: str) -> Path:
    """Create a folder for the server. If run as root, the folder belongs to `nobody`, the server's user."""
    folder = Path(tempfile.mkdtemp(prefix=f"cho-phien-{name}-"))
    if os.getuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    return folder


def run_unprivileged(command: Sequence[str]) -> list[str]:
    """Run the command as `nobody` if we are root (PostgreSQL refuses root), and end it with this process."""
    privilege_options = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
    return ["setpriv", *privilege_options, "--pdeathsig=INT", *command]


def free_port() -> int:
    """Return a free port below the kernel's range for outgoing connections.

    A port of that range could be taken by an outgoing connection before the server listens, even by our own
    connection that tests whether the server is ready.
    """
    try:
        lowest_client_port = int(_CLIENT_PORTS.read_text().split()[0])
    except OSError:
        lowest_client_port = 32_768
    while True:
        port = 10_000 + secrets.randbelow(lowest_client_port - 10_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def start_service(command: Sequence[str], *, folder: Path, url: str, is_ready: Callable[[], bool]) -> Service:
    """Start a server and wait until it is ready. Its output goes to a log in its folder."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            run_unprivileged(command), stdout=output, stderr=subprocess.STDOUT, cwd=folder
        )
    service = Service(url, process, folder)
    deadline = time.monotonic() + 30
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            output_text = log.read_text(errors="replace")
            service.stop()
            raise RuntimeError(f"{command[0]} did not start:\n{output_text}")
        time.sleep(0.05)
    return service
