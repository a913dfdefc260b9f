"""`manage.py backup TARGET`: copy the running shop to a folder."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand

from shop.management.backup.create import create_backup


class Command(BaseCommand):
    help = (
        "Copy database, pictures and keys to a new folder while the shop runs. The folder holds personal"
        " data and the shop's keys: restrict access to it. PostgreSQL needs pg_dump."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", type=Path, help="the folder to create")
        parser.add_argument("--without-keys", action="store_true", help="leave out the keys of DATA_DIR")

    def handle(self, *, target: Path, without_keys: bool, **options: object) -> None:
        manifest = create_backup(target.absolute(), includes_keys=not without_keys)
        self.stdout.write(f"{target}: {sum(manifest.rows.values())} rows of {len(manifest.rows)} tables")
        for name in manifest.left_out:
            self.stdout.write(f"  left out: {name}")
        for name in manifest.missing:
            self.stderr.write(f"  missing in MEDIA_ROOT, although a row names it: {name}")
