"""Write and verify a backup's manifest, and the SHA-256 sums of its files (`sha256sum` format)."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import django

FORMAT = 1
MANIFEST, SUMS = "manifest.json", "SHA256SUMS"


class InvalidBackup(Exception):
    """The folder is not a complete backup, or its files were changed."""


@dataclass
class Manifest:
    """Contents of a backup.

    `rows` counts each table, and `left_out` and `missing` list files that it lacks.
    """

    made_at: str
    vendor: str
    database: str
    migrations: list[list[str]]
    rows: dict[str, int]
    key_fingerprint: str
    keys: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    format: int = FORMAT
    versions: dict[str, str] = field(
        default_factory=lambda: {"django": django.get_version(), "python": platform.python_version()}
    )


def seal_backup(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, then the sums of all files. Everything is flushed to disk on return."""
    _write_file(folder / MANIFEST, json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{file_digest(path)}  {path.relative_to(folder)}\n" for path in paths]
    _write_file(folder / SUMS, "".join(lines))
    for path in [*paths, *(path for path in folder.rglob("*") if path.is_dir()), folder]:
        flush_to_disk(path)


def read_backup(folder: Path) -> Manifest:
    """Verify a backup's files and return its manifest. Raises InvalidBackup."""
    _require_intact_files(folder)
    try:
        values: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        if values["format"] != FORMAT:
            raise InvalidBackup(f"{folder} has format {values['format']}; this shop reads format {FORMAT}.")
        return Manifest(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidBackup(f"{folder}/{MANIFEST} cannot be read: {error}") from error


def _require_intact_files(folder: Path) -> None:
    if not (folder / SUMS).is_file():
        raise InvalidBackup(f"{folder} is not a complete backup: {SUMS} is missing.")
    listed = dict(_read_sums(folder))
    existing_files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {SUMS}
    if MANIFEST not in listed or existing_files != listed.keys():
        differing_files = sorted({MANIFEST, *existing_files} ^ listed.keys())
        raise InvalidBackup(
            f"{folder} does not hold the files that its {SUMS} lists: {', '.join(differing_files[:10])}"
        )
    changed = [name for name, digest in listed.items() if file_digest(folder / name) != digest]
    if changed:
        raise InvalidBackup(f"Files of {folder} were changed: {', '.join(changed[:10])}")


def _read_sums(folder: Path) -> Iterator[tuple[str, str]]:
    for line in (folder / SUMS).read_bytes().decode(errors="replace").splitlines():
        digest, _blank, name = line.partition("  ")
        yield name, digest


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush_to_disk(path: Path) -> None:
    """Flush a file or folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_file(path: Path, text: str) -> None:
    path.write_text(text)
    flush_to_disk(path)
