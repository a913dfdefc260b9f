"""Documents name files and code that exist, and decisions by numbers of their own."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
BACKTICKED = re.compile(r"`([^`]+)`")
# Files by their suffixes, and folders; not URLs, which begin with a slash, nor generated files.
PATH = re.compile(
    r"(?!var/)[a-z_.][\w.-]*(?:/[\w.-]+)*(?:/|\.(?:py|md|toml|html|po|graphql|css|js|txt))|[a-z_]\w*(?:/\w+)+"
)
MODULE = re.compile(r"(?:shop|catalog|orders|cooperatives|tests)(?:\.[a-z_]\w*)+")
NAME = re.compile(r"([A-Za-z_]\w*)(…?)")
# Names, then "in" and files; names, then files in brackets; or both in neighbouring cells of a table.
LOCATED_NAMES = re.compile(
    r"((?:`[\w.]+`(?:,\s+|\s+and\s+|\s+or\s+)?)+)(?:\s+in\s+|\s+\(|\s+\|\s+\(?)"
    r"((?:`[\w./-]+\.py`(?:,\s+|\s+and\s+)?)+)"
)
EXAMPLE_FOLDER = "notes/"  # the area that `shop/api/README.md` builds
# Names of other software and of refused options, and examples; our code does not contain them.
FOREIGN_NAMES = {
    *("PR_SET_PDEATHSIG", "VACUUM", "unicode", "nftables", "connlimit"),
    *("cache_page", "post_migrate", "imagesize", "perform_login"),
    *("pnpm", "dangerouslyAllowLocalIP"),
    *("server_side_binding", "max_prepared_statements", "pool_mode", "RECONNECT"),
    *("category__slug", "ChannelNotesArguments", "note_object", "srv", "backups"),
}


def test_every_path_named_in_documents_exists() -> None:
    tracked = _tracked_files()
    folders = {str(folder) for name in tracked for folder in PurePosixPath(name).parents}
    known_paths = "\n".join(["", *(f"/{name}" for name in [*tracked, *folders]), ""])

    missing = [
        (document, path)
        for document, path in _terms_in_backticks()
        if PATH.fullmatch(path) and not path.startswith(EXAMPLE_FOLDER)
        if f"/{path.rstrip('/')}\n" not in known_paths
    ]

    assert missing == []


def test_every_module_named_in_documents_exists() -> None:
    missing = [
        (document, module)
        for document, module in _terms_in_backticks()
        if MODULE.fullmatch(module) and not _is_module_or_attribute(module)
    ]

    assert missing == []


def test_every_name_in_documents_is_in_the_code() -> None:
    """A name that ends in an underscore or dots is the beginning of names."""
    tracked = _tracked_files()
    parts = {part for name in tracked for part in (*PurePosixPath(name).parts, PurePosixPath(name).stem)}
    words = FOREIGN_NAMES | parts
    for name in (path for path in tracked if not path.endswith(".md")):
        words.update(re.findall(r"\w+", (ROOT / name).read_text(errors="ignore")))
    beginnings = "\n".join(["", *words])

    missing = [
        (document, name)
        for document, term in _terms_in_backticks()
        for name, dots in NAME.findall(term)
        if name not in words
        if not ((dots or name.endswith("_")) and f"\n{name}" in beginnings)
    ]

    assert missing == []


def test_every_name_located_by_documents_is_defined_in_that_file() -> None:
    tracked = [name for name in _tracked_files() if name.endswith(".py")]

    misplaced = [
        (document, name, paths)
        for document, names, paths in _located_names()
        for name in names
        if not any(
            f"/{path}".endswith(f"/{named_path}") and _defines(ROOT / path, name)
            for named_path in paths
            for path in tracked
        )
    ]

    assert misplaced == []


def test_decisions_have_unique_numbers_and_are_all_in_the_index() -> None:
    text = (ROOT / "DECISIONS.md").read_text()
    numbers = [int(number) for number in re.findall(r"^### (\d+)\.", text, re.MULTILINE)]
    lists = re.findall(r"^- \*\*.+\*\*: ([\d, ]+)$", text, re.MULTILINE)
    indexed = [int(number) for numbers_of_area in lists for number in numbers_of_area.split(", ")]

    assert sorted(numbers) == sorted(set(numbers))
    assert sorted(indexed) == sorted(numbers)


def _tracked_files() -> list[str]:
    return subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def _terms_in_backticks() -> Iterator[tuple[str, str]]:
    """Yield each document with each of its terms in backticks; blocks of code are left out."""
    for name in _tracked_files():
        if name.endswith(".md"):
            for term in BACKTICKED.findall(FENCED.sub("", (ROOT / name).read_text())):
                yield name, term


def _located_names() -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield each document with names and the files that it says they are in."""
    for document in _tracked_files():
        if document.endswith(".md"):
            text = FENCED.sub("", (ROOT / document).read_text())
            for names, paths in LOCATED_NAMES.findall(text):
                yield document, BACKTICKED.findall(names), BACKTICKED.findall(paths)


def _defines(path: Path, name: str) -> bool:
    """Return whether a file defines a function, class or variable, or a member of a class (with a dot)."""
    scope: ast.AST = ast.parse(path.read_text())
    for part in name.split("."):
        nodes = [node for node in ast.walk(scope) if _defined_name(node) == part]
        if not nodes:
            return False
        scope = nodes[0]
    return True


def _defined_name(node: ast.AST) -> str | None:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else None


def _is_module_or_attribute(dotted: str) -> bool:
    path = ROOT.joinpath(*dotted.split("."))
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    files = (path.parent.with_suffix(".py"), path.parent / "__init__.py")
    return any(file.is_file() and re.search(rf"\b{path.name}\b", file.read_text()) for file in files)
