"""Find known vulnerabilities in the packages of requirements-dev.txt; exit with 1 if there are any.

pip-audit also reports "no known vulnerabilities" when it reaches no data, or an index without any. A release
with known vulnerabilities is therefore audited first: if it passes as clean, the script reports that nothing
was checked. Options are passed to pip-audit, for example `-s osv --osv-url URL`. By default it uses PyPI's
data, or else osv.dev's.
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
        print("not checked: no vulnerability data could be reached")
        return 0
    packages = _audit(service, REQUIREMENTS)
    if packages is None:
        print("not checked: the vulnerability data is no longer reachable")
        return 0
    found = [
        f"{package['name']} {package['version']}: {fault['id']}, fixed in {_fixed_in(fault)}"
        for package in packages
        for fault in package.get("vulns", [])
    ]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if unknown:
        print(f"not checked, because the data does not list them: {', '.join(unknown)}")
    if found:
        print("\n".join(found))
        return 1
    print(f"no known vulnerabilities in {len(packages) - len(unknown)} packages")
    return 0


def _has_data(service: list[str]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "requirements.txt")
        path.write_text(VULNERABLE)
        packages = _audit([*service, "--no-deps"], path)
    return bool(packages and packages[0].get("vulns"))


def _audit(options: list[str], requirements: Path) -> list[dict[str, object]] | None:
    """Return pip-audit's findings by package, or None if it failed, as it does without a network."""
    command = ["pip_audit", "-r", str(requirements), "--disable-pip", "--progress-spinner", "off"]
    command += ["--format", "json", "--timeout", "10", *options]
    with tempfile.TemporaryDirectory() as cache:  # a cached answer could come from another network
        done = subprocess.run(
            [sys.executable, "-m", *command, "--cache-dir", cache], capture_output=True, text=True
        )
    try:
        packages: list[dict[str, object]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return None
    return packages


def _fixed_in(fault: dict[str, object]) -> str:
    return ", ".join(fault["fix_versions"]) or "no release yet"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
