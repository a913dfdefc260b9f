"""Web processes as `manage.py run` starts them, and raw connections to them."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from django.db import connection

from shop.management.servers.process import free_port
from shop.management.servers.web import web_command

ROOT = Path(__file__).resolve().parents[2]
SHORT_TIMEOUTS = {
    "REQUEST_HEADER_SECONDS": "3",
    "REQUEST_BODY_SECONDS": "3",
    "RESPONSE_SECONDS": "3",
    "KEEP_ALIVE_SECONDS": "3",
}


class Web:
    """Web processes with their own folder and a migrated, empty database."""

    def __init__(self, folder: Path, *, workers: int = 2, **variables: str) -> None:
        self.folder = folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        # The database file, because other processes cannot see a test's open transaction.
        database_name = connection.settings_dict["NAME"]
        with (
            closing(sqlite3.connect(f"file:{database_name}?mode=ro", uri=True)) as migrated,
            closing(sqlite3.connect(folder / "shop.sqlite3")) as copy,
        ):
            migrated.backup(copy)
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.environment = {
            **inherited,
            "DATA_DIR": str(folder),
            "TMPDIR": str(self.temporary),
            "DEBUG": "1",  # static files straight from the sources
            "LOG_LEVEL": "WARNING",
            **variables,
        }
        self.workers = workers
        self.log = folder / "log"
        # Another process may take the free port first. Then the server ends, and we start it on another port.
        if not any(self._start() for _try in range(5)):
            raise AssertionError(f"the web server did not start:\n{self.log.read_text()}")

    def _start(self) -> bool:
        """Start the processes on a free port, and return whether they answer."""
        self.port = free_port()
        self.environment["PORT"] = str(self.port)
        command = web_command(address=f"127.0.0.1:{self.port}", workers=self.workers)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )
        until = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < until:
            if self._listens() and self.get("/health/")[0] == 200:
                return True
            time.sleep(0.1)
        return False

    def _listens(self) -> bool:
        """Return whether the port is this server's, and not another one's that took it first."""
        return bool(_sockets_of(self.process.pid) & self._inodes("0A"))

    def _inodes(self, *states: str) -> set[str]:
        """Return sockets on the server's port in these kernel states (01 established, 0A listening)."""
        own_port = f":{self.port:04X}"
        return {
            fields[9]
            for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
            if (fields := line.split())[1].endswith(own_port) and fields[3] in states
        }

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def manage(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20, source_address=(source, 0))

    def answers(self, request: bytes, source: str = "127.0.0.1") -> bytes:
        """Return the response until the connection is closed."""
        with self.connect(source) as connected:
            connected.sendall(request)
            return everything(connected)

    def get(self, path: str) -> tuple[int, float]:
        """Return the status and the seconds taken."""
        started_at = time.perf_counter()
        answer = self.answers(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        return status_of(answer), time.perf_counter() - started_at

    def children(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def open_connections(self) -> int:
        """Return the number of client connections the processes hold."""
        inodes = self._inodes("01", "08")
        return sum(len(_sockets_of(pid) & inodes) for pid in self.children())

    def spooled_bytes(self) -> int:
        """Return the total size of temporary files the processes hold open, named or not."""
        size = 0
        for pid in self.children():
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                try:
                    if os.readlink(descriptor).startswith(str(self.temporary)):
                        size += descriptor.stat().st_size
                except FileNotFoundError:
                    continue
        return size + sum(path.stat().st_size for path in self.temporary.iterdir())


def _sockets_of(pid: int) -> set[str]:
    """Return the inodes of a process's sockets; empty once it has ended."""
    sockets = set()
    try:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                sockets.add(os.readlink(descriptor).removeprefix("socket:[").rstrip("]"))
            except FileNotFoundError:
                continue
    except FileNotFoundError:
        pass
    return sockets


def status_of(response: bytes) -> int:
    return int(response.split(b" ", 2)[1]) if response else 0


def everything(connected: socket.socket) -> bytes:
    received = b""
    try:
        while data := connected.recv(1 << 20):
            received += data
    except ConnectionResetError:
        pass
    return received
