"""`manage.py run`: run the whole shop with one command."""

from __future__ import annotations

import socket
import sys
from argparse import ArgumentParser
from http.client import HTTPConnection, HTTPException

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from shop.accounts.models import User
from shop.core.actors import Actor
from shop.management.demo_state.accounts import ACCOUNTS
from shop.management.demo_state.passwords import passwords_file, replace_published_passwords, save_passwords
from shop.management.preparation import prepare_shop
from shop.management.servers.web import web_command
from shop.management.supervisor import AlreadyRunning, supervise

_ANSWER_SECONDS = 2.0
# A single worker does not need messages from other workers.
_SINGLE_WORKER_FLAGS = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


class Command(BaseCommand):
    help = "Prepare the shop and run web server, job worker and scheduler until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="do not add the demo to an empty shop")
        parser.add_argument("--workers", type=int, default=2, help="web processes (each serves 8 at once)")

    def handle(self, *, no_demo: bool, workers: int, **options: object) -> None:
        _require_free_port()
        prepare_shop(out=sys.stdout, should_seed_demo=not (no_demo or settings.SERVER))
        if settings.SERVER:
            self.check(databases=["default"])
        elif settings.OPEN_TO_NETWORK:
            save_passwords(replace_published_passwords(actor=Actor.system("run"), now=timezone.now()))
        self.stdout.write("· Starting the web server")
        self.stdout.flush()
        try:
            supervise(
                _commands(workers=workers),
                is_ready=_does_web_answer,
                announce=self._announce,
                data_dir=settings.DATA_DIR,
                out=sys.stdout,
            )
        except AlreadyRunning as error:
            raise CommandError(f"The shop of {settings.DATA_DIR} is running already.") from error

    def _announce(self) -> None:
        lines = [
            "",
            f"  Market          {settings.PUBLIC_URL}/",
            f"  English         {settings.PUBLIC_URL}/en/",
            f"  Members' app    {settings.PUBLIC_URL}/xa-vien/",
            f"  Desk            {settings.PUBLIC_URL}/quan-tri/",
            f"  Health          {settings.PUBLIC_URL}/health/",
            *_find_demo_accounts(),
            "",
            "  Ctrl-C stops it. Everything is kept in " + str(settings.DATA_DIR),
            "",
        ]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _find_demo_accounts() -> list[str]:
    """Return lines with the demo accounts that exist.

    They have passwords only if no other machine can reach the shop. On a server there are no lines, because
    they go to a log.
    """
    if settings.SERVER:
        return []
    demo_emails = {account.email for account in ACCOUNTS}
    registered_emails = set(User.objects.filter(email__in=demo_emails).values_list("email", flat=True))
    is_public = not (settings.OPEN_TO_NETWORK or passwords_file().exists())
    lines = [
        f"  {account.role:<8}{account.email:<24}"
        f"{account.password if is_public else '':<22}{account.cooperative}".rstrip()
        for account in ACCOUNTS
        if account.email in registered_emails
    ]
    if not lines:
        return []
    if is_public:
        return ["", "  Demo accounts (role, email, password)", *lines]
    return ["", f"  Demo accounts; their passwords are in {passwords_file()}", *lines]


def _commands(*, workers: int) -> dict[str, list[str]]:
    celery = [
        sys.executable,
        "-W",
        "ignore:You're running the worker with superuser",
        "-m",
        "celery",
        "--quiet",
        "--app",
        "shop",
    ]
    loudness = ["--loglevel", "WARNING"]
    return {
        "web": web_command(address=settings.LISTENS_AT, workers=workers),
        "worker": [
            *celery,
            "worker",
            "--pool",
            "threads",
            "--concurrency",
            "4",
            *loudness,
            *_SINGLE_WORKER_FLAGS,
        ],
        "beat": [*celery, "beat", "--pidfile", "", *loudness],
    }


def _does_web_answer() -> bool:
    """Return whether the web server answers a request, with any status."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)
    connection = HTTPConnection(host, settings.PORT, timeout=_ANSWER_SECONDS)
    try:
        connection.request("HEAD", "/health/")
        connection.getresponse()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


def _require_free_port() -> None:
    """Fail with one clear message before preparing anything. The web server would restart in a loop."""
    with socket.socket(socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.HOST, settings.PORT))
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {settings.LISTENS_AT}: {error.strerror}. Set another PORT or HOST."
            ) from error
