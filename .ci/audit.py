"""Are there known vulnerabilities in the packages of requirements-dev.txt? Exits with 1 when there are.

pip-audit answers "no known vulnerabilities" as well when it reaches no data, and when an index answers
without any. So a release with known vulnerabilities is asked about first: where that one passes as clean,
nothing was checked, and the answer says so instead of claiming that the packages are clean. Options are
handed on to pip-audit, for example `-s osv --osv-url URL`; without any, PyPI's data is asked, then osv.dev's.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements-dev.txt"
VULNERABLE = "django==4.2.0"
SERVICES = (["-s", "pypi"], ["-s", "osv"])


def main(options: list[str]) -> int:
    service = next(
        (
            service_options
            for service_options in ([options] if options else SERVICES)
            if _has_data(service_options)
        ),
        None,
    )
    if service is None:
        print("not checked: no data on vulnerabilities could be reached, so this says nothing about them")
        return 0
    packages = _audit(service, REQUIREMENTS)
    if packages is None:
        print("not checked: the data on vulnerabilities could no longer be reached")
        return 0
    found = [
        f"{package['name']} {package['version']}: {fault['id']}, mended in {_mended_in(fault)}"
        for package in packages
        for fault in package.get("vulns", [])
    ]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if unknown:
        print(f"not checked, since the data does not know them: {', '.join(unknown)}")
    if found:
        print("\n".join(found))
        return 1
    print(f"reached the data: no known vulnerabilities in {len(packages) - len(unknown)} packages")
    return 0


def _has_data(service: list[str]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "requirements.txt")
        path.write_text(VULNERABLE)
        packages = _audit([*service, "--no-deps"], path)
    return bool(packages and packages[0].get("vulns"))


def _audit(options: list[str], requirements: Path) -> list[dict[str, object]] | None:
    """Return pip-audit's findings by package; None where it failed, as it does without a network."""
    command = ["pip_audit", "-r", str(requirements), "--disable-pip", "--progress-spinner", "off"]
    command += ["--format", "json", "--timeout", "10", *options]
    with tempfile.TemporaryDirectory() as cache:  # an answer kept from another network would be no answer
        done = subprocess.run(
            [sys.executable, "-m", *command, "--cache-dir", cache], capture_output=True, text=True
        )
    try:
        packages: list[dict[str, object]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return None
    return packages


def _mended_in(fault: dict[str, object]) -> str:
    return ", ".join(fault["fix_versions"]) or "no release yet"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
