"""Documents name files that exist, and decisions by numbers of their own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path, PurePosixPath

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "docs/*.md"]
# A file name with a suffix, or folders; not URLs, which begin with a slash, nor generated files.
PATH = re.compile(r"`((?!var/)[a-z_.][\w.-]*(?:/[\w.-]+)*(?:/|\.(?:py|md|toml|html|po|graphql|css|js)))`")


def test_every_path_named_in_documents_exists() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    folders = {f"{folder}/" for name in tracked for folder in PurePosixPath(name).parents}
    known = "\n".join(["", *(f"/{name}" for name in [*tracked, *folders]), ""])

    missing = [
        (str(document.relative_to(ROOT)), path)
        for pattern in DOCUMENTS
        for document in ROOT.glob(pattern)
        for path in PATH.findall(document.read_text())
        if f"/{path}\n" not in known
    ]

    assert missing == []


def test_decisions_have_unique_numbers_and_are_all_in_the_index() -> None:
    text = (ROOT / "DECISIONS.md").read_text()
    numbers = [int(number) for number in re.findall(r"^### (\d+)\.", text, re.MULTILINE)]
    lists = re.findall(r"^- \*\*.+\*\*: ([\d, ]+)$", text, re.MULTILINE)
    indexed = [int(number) for numbers_of_area in lists for number in numbers_of_area.split(", ")]

    assert sorted(numbers) == sorted(set(numbers))
    assert sorted(indexed) == sorted(numbers)
