"""`manage.py run` with real processes, in its own folder and on its own port."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

import pytest

from shop.management.demo_state.accounts import ACCOUNTS
from shop.management.servers.process import free_port

pytestmark = [pytest.mark.once, pytest.mark.processes]

ROOT = Path(__file__).resolve().parents[3]
MAX_WAIT_SECONDS = 300  # generous for a machine busy with other tests


class Shop:
    """A running shop and its output."""

    def __init__(self, data_dir, *flags):
        self.data_dir = data_dir
        self.port = free_port()
        self.log = data_dir / f"said-{self.port}"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run", "--workers", "1", *flags],
                **self.process_options(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def process_options(self):
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {"cwd": ROOT, "env": {**environment, "DATA_DIR": str(self.data_dir), "PORT": str(self.port)}}

    def command(self, *arguments, **variables):
        environment = self.process_options()
        environment["env"] |= variables
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], **environment, capture_output=True, text=True
        )

    def health(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/", timeout=5) as response:
                return json.load(response)
        except (urllib.error.URLError, OSError):
            return None

    def children(self):
        """Return the process ids of web, worker and beat by their names."""
        names = {"gunicorn": "web", " worker ": "worker", " beat ": "beat"}
        processes = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                command = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
            if parent == self.process.pid:
                processes |= {
                    name: int(folder.name) for argument, name in names.items() if argument in command
                }
        return processes

    def printed_text(self):
        return self.log.read_text()

    def orders(self):
        """Count orders directly in the database; the shop may not serve or have tables yet."""
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(f"file:{self.data_dir}/shop.sqlite3?mode=ro", uri=True)) as database,
        ):
            return database.execute("SELECT count(*) FROM orders_order").fetchone()[0]
        return 0


def wait_until(condition, action):
    """Poll until the condition returns a true value, and return that."""
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.1)
    return pytest.fail(f"waited in vain for {action}")


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def jobs_answer(shop):
    health = shop.health()
    return health if health and health["jobs"]["ok"] else None


@pytest.fixture
def open_shop(tmp_path):
    shops = []

    def open_one(*flags):
        shops.append(Shop(tmp_path, *flags))
        return shops[-1]

    yield open_one
    for shop in shops:
        if shop.process.poll() is None:
            shop.process.terminate()
            shop.process.wait(MAX_WAIT_SECONDS)


def test_killed_processes_restart_and_nothing_is_prepared_again(open_shop) -> None:
    """One shop is used for all steps, since preparing an empty one takes longest."""
    shop = open_shop("--no-demo")
    wait_until(lambda: f"http://127.0.0.1:{shop.port}/" in shop.printed_text(), "the shop's addresses")
    answers_when_announced = shop.health() is not None
    health = wait_until(lambda: jobs_answer(shop), "the shop and its jobs")
    push_key = (shop.data_dir / "vapid_key.pem").read_bytes()
    before = shop.children()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    children = wait_until(
        lambda: len(now := shop.children()) == 3 and not set(now.values()) & set(before.values()) and now,
        "three new children",
    )
    wait_until(shop.health, "pages after the web server was killed")
    made = shop.command("create_admin", "quan@example.vn", ADMIN_PASSWORD="mot-mat-khau-dai")
    second_start = shop.command("run", "--no-demo", PORT=str(free_port()))

    shop.process.kill()
    shop.process.wait()
    wait_until(lambda: not any(map(is_alive, children.values())), "the children's end")
    reopened = open_shop("--no-demo")
    wait_until(reopened.health, "the shop again")
    again = reopened.command("create_admin", "quan@example.vn", ADMIN_PASSWORD="mot-mat-khau-dai")
    children = reopened.children()
    reopened.process.send_signal(signal.SIGTERM)
    code = reopened.process.wait(MAX_WAIT_SECONDS)

    assert b"PRIVATE KEY" in push_key
    assert (shop.data_dir / "vapid_key.pem").read_bytes() == push_key  # else all subscriptions were lost
    assert answers_when_announced
    # Although the web server was killed and started again.
    assert shop.printed_text().count("Ctrl-C stops it") == 1
    assert health["database"] == {"ok": True, "kind": "sqlite"}
    assert health["storage"]["ok"] is True
    assert made.returncode == 0, made.stderr
    assert second_start.returncode == 1
    assert "is running already" in second_start.stderr
    assert "exists already" in again.stderr
    assert "Bringing the database up to date" in shop.printed_text()
    assert "Bringing the database up to date" not in reopened.printed_text()
    assert "Compressing" not in reopened.printed_text()
    assert code == 0
    assert len(children) == 3
    assert [pid for pid in children.values() if is_alive(pid)] == []
    assert reopened.printed_text().endswith("· stopped\n")


@pytest.mark.long
def test_killed_demo_is_completed_by_the_next_start(open_shop) -> None:
    killed = open_shop()
    wait_until(killed.orders, "the first of the past orders")
    killed.process.kill()
    killed.process.wait()
    orders_before = killed.orders()

    reopened = open_shop()
    wait_until(lambda: "Ctrl-C stops it" in reopened.printed_text(), "the shop's accounts")
    orders_after = reopened.orders()
    reopened.process.send_signal(signal.SIGINT)
    code = reopened.process.wait(MAX_WAIT_SECONDS)
    third = open_shop()
    wait_until(third.health, "the shop again")

    assert 0 < orders_before < 40
    assert (orders_after, code) == (48, 0)
    assert "Filling the shop with demo goods" in reopened.printed_text()
    assert "40 past orders" in reopened.printed_text()
    assert "Filling" not in third.printed_text()
    for account in ACCOUNTS:
        assert account.email in reopened.printed_text()
        assert account.password in reopened.printed_text()
