"""`manage.py backup TARGET`: a copy of the running shop."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from shop.management.backup.create import create_backup


class Command(BaseCommand):
    help = (
        "Copies database, pictures and keys to a new folder while the shop runs. The folder holds people's"
        " data and the shop's keys: keep it where only its owner reads it. PostgreSQL needs pg_dump."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", type=Path, help="the folder to make")
        parser.add_argument("--without-keys", action="store_true", help="leave out the keys of DATA_DIR")

    def handle(self, *, target: Path, without_keys: bool, **options: Any) -> None:
        manifest = create_backup(target.absolute(), with_keys=not without_keys)
        self.stdout.write(f"{target}: {sum(manifest.rows.values())} rows of {len(manifest.rows)} tables")
        for name in manifest.left_out:
            self.stdout.write(f"  left out: {name}")
        for name in manifest.missing:
            self.stderr.write(f"  missing in MEDIA_ROOT, although a row names it: {name}")
