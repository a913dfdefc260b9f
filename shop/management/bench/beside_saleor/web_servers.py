"""Fill both markets, and serve each with one web process on the same PostgreSQL and Redis."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import psycopg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.core.management.base import CommandError

from shop.management.bench.beside_saleor.market import Market
from shop.management.bench.beside_saleor.saleor_source import run_command
from shop.management.bench.private_servers import build_environment
from shop.management.servers.process import free_port
from shop.management.servers.web import web_command

_OUR_EMAIL, _OUR_CHANNEL = "nguoi-do@example.com", "viet-nam"
_DEMO_ORDERS = 40
# What Saleor's populatedb creates.
_THEIR_EMAIL, _THEIR_CHANNEL = "admin@example.com", "default-channel"
_START_TIMEOUT = 120  # seconds


@contextmanager
def serve_our_market(servers: Mapping[str, str], folder: Path) -> Iterator[Market]:
    """Seed the demo into an empty database and serve it."""
    password = secrets.token_urlsafe()
    environment = (
        build_environment(folder) | dict(servers) | {"ADMIN_PASSWORD": password, "PAGE_CACHE_SECONDS": "0"}
    )
    manage = [sys.executable, "manage.py"]
    seed = ["seed_demo", "--orders", str(_DEMO_ORDERS), "--later", "--allow-on-server"]
    for arguments in (["migrate"], seed, ["create_admin", _OUR_EMAIL]):
        run_command([*manage, *arguments], cwd=settings.BASE_DIR, environment=environment)
    port = free_port()
    command = web_command(address=f"127.0.0.1:{port}", workers=1)
    with _serve(
        command, port=port, cwd=settings.BASE_DIR, environment=environment, log=folder / "web"
    ) as pid:
        yield Market(
            name="Chợ Phiên",
            url=_url(port),
            channel=_OUR_CHANNEL,
            email=_OUR_EMAIL,
            password=password,
            pid=pid,
        )


@contextmanager
def serve_saleor(servers: Mapping[str, str], folder: Path, *, source: Path, python: Path) -> Iterator[Market]:
    """Fill Saleor with its own demo data and serve it, run by the Python that has its packages.

    The web server is started as in Saleor's Dockerfile, with one worker.
    """
    password = secrets.token_urlsafe()
    environment = _build_saleor_environment(servers)
    populate = ["populatedb", "--createsuperuser", "--withoutimages", "--superuser_password", password]
    for arguments in (["migrate"], populate, ["update_search_indexes"]):
        run_command([str(python), "manage.py", *arguments], cwd=source, environment=environment)
    port = free_port()
    command = [str(python), "-m", "uvicorn", "saleor.asgi:application", "--host=127.0.0.1", f"--port={port}"]
    options = ["--workers=1", "--lifespan=auto", "--ws=none", "--no-server-header", "--no-access-log"]
    options += ["--timeout-keep-alive=35"]
    with _serve(
        [*command, *options], port=port, cwd=source, environment=environment, log=folder / "saleor"
    ) as pid:
        yield Market(
            name="Saleor",
            url=_url(port),
            channel=_THEIR_CHANNEL,
            email=_THEIR_EMAIL,
            password=password,
            pid=pid,
        )


def _build_saleor_environment(servers: Mapping[str, str]) -> dict[str, str]:
    """Create Saleor's database beside ours, and return the environment of its processes."""
    with psycopg.connect(servers["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE DATABASE saleor")
    redis = servers["REDIS_URL"].removesuffix("/0")
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return dict(os.environ) | {
        "DATABASE_URL": servers["DATABASE_URL"].removesuffix("postgres") + "saleor",
        "CACHE_URL": f"{redis}/1",
        "CELERY_BROKER_URL": f"{redis}/2",
        "SECRET_KEY": secrets.token_urlsafe(),
        "RSA_PRIVATE_KEY": pem.decode(),
        "DEBUG": "False",
        "ALLOWED_HOSTS": "*",
        "ALLOWED_CLIENT_HOSTS": "localhost",
        "EMAIL_URL": "consolemail://",
        "SEND_USAGE_TELEMETRY": "False",
        "DJANGO_SETTINGS_MODULE": "saleor.settings",
    }


@contextmanager
def _serve(
    command: Sequence[str], *, port: int, cwd: Path, environment: Mapping[str, str], log: Path
) -> Iterator[int]:
    """Run a web server and yield its process ID once its API answers."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=output)
        try:
            deadline = time.monotonic() + _START_TIMEOUT
            while not _does_answer(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise CommandError(
                        f"{command[0]} did not start:\n{log.read_text(errors='replace')[-2000:]}"
                    )
                time.sleep(0.1)
            yield process.pid
        finally:
            process.terminate()
            process.wait(30)


def _does_answer(port: int) -> bool:
    body = b'{"query": "{ __typename }"}'
    try:
        with urlopen(Request(_url(port), body, {"Content-Type": "application/json"}), timeout=10):
            return True
    except (URLError, OSError):
        return False


def _url(port: int) -> str:
    return f"http://localhost:{port}/graphql/"
