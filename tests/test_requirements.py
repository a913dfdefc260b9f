"""Packages are installed by hash, and the audit claims no more than it checked."""

import hashlib
import json
import re
import shlex
import socket
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")
AUDIT = [sys.executable, str(ROOT / ".ci/audit.py"), "-s", "osv", "--osv-url"]


def pins(name):
    """Return the packages of a requirements file with their versions."""
    pinned = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;\\]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {package.lower().replace("_", "-"): release for package, release in pinned}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_hashes_and_names_no_host(name) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]

    assert [line for line in lines if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []
    assert "://" not in text


def test_lock_files_match_the_requirements() -> None:
    """`make lock` was run after requirements.in or requirements-dev.in changed."""
    run, development = pins("requirements.txt"), pins("requirements-dev.txt")

    assert pins("requirements.in").items() <= run.items()
    assert pins("requirements-dev.in").items() <= development.items()
    assert run.items() <= development.items()


def test_file_with_another_hash_is_not_installed(tmp_path) -> None:
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    right = hashlib.sha256(wheel.read_bytes()).hexdigest()
    wrong_hash = right[:-1] + ("0" if right[-1] != "0" else "1")

    assert "DO NOT MATCH THE HASHES" in install(tmp_path, f"tiny==1.0 --hash=sha256:{wrong_hash}").stderr
    assert "Hashes are required" in install(tmp_path, "tiny==1.0").stderr
    assert not (tmp_path / "installed").exists()
    assert install(tmp_path, f"tiny==1.0 --hash=sha256:{right}").returncode == 0
    assert (tmp_path / "installed/tiny.py").exists()


def install(folder, requirement):
    """Install a requirement as the Makefile does, from a folder instead of a network."""
    (folder / "requirements.txt").write_text(requirement)
    flags = re.search(
        r"^INSTALL := \$\(BIN\)/pip install (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )[1]
    command = [sys.executable, "-m", "pip", "install", *shlex.split(flags)]
    command += ["--no-index", "--find-links", str(folder), "--target", str(folder / "installed")]
    command += ["-r", str(folder / "requirements.txt")]
    return subprocess.run(command, capture_output=True, text=True)


class VulnerabilityService(BaseHTTPRequestHandler):
    """A local stand-in for osv.dev that answers with the faults of its server."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        release = (query["package"]["name"], query["version"])
        faults = [describe_fault(*release, name) for name in self.server.faults.get(release, [])]
        body = json.dumps({"vulns": faults} if faults else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def describe_fault(package, release, name):
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}]
    affected = [{"package": {"name": package, "ecosystem": "PyPI"}, "ranges": ranges}]
    return {
        "id": name,
        "published": "2026-01-01T00:00:00Z",
        "affected": affected,
        "details": "",
        "aliases": [],
    }


@pytest.fixture
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), VulnerabilityService)
    server.faults = {("django", "4.2.0"): ["CVE-2023-31047"]}
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def audit(server):
    address = f"http://127.0.0.1:{server.server_port}/"
    return subprocess.run([*AUDIT, address], capture_output=True, text=True)


def test_audit_with_data_reports_clean_packages(service) -> None:
    done = audit(service)

    assert done.stdout.startswith("no known vulnerabilities in 1")
    assert done.returncode == 0


def test_audit_fails_on_a_known_vulnerability_and_names_it(service) -> None:
    release = pins("requirements.txt")["pillow"]
    service.faults["pillow", release] = ["CVE-2026-1"]

    done = audit(service)

    assert done.stdout == f"pillow {release}: CVE-2026-1, fixed in 99\n"
    assert done.returncode == 1


def test_audit_claims_nothing_when_the_service_knows_no_vulnerabilities(service) -> None:
    service.faults.clear()

    done = audit(service)

    assert done.stdout.startswith("not checked: no vulnerability data could be reached")
    assert done.returncode == 0


def test_audit_claims_nothing_without_a_network() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    done = subprocess.run([*AUDIT, f"http://127.0.0.1:{port}/"], capture_output=True, text=True)

    assert done.stdout.startswith("not checked: no vulnerability data could be reached")
    assert done.returncode == 0
