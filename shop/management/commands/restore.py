"""`manage.py restore SOURCE`: restore a backup into an empty installation."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from shop.management.backup.manifest import InvalidBackup
from shop.management.backup.restore import has_other_key, restore_backup


class Command(BaseCommand):
    help = (
        "Restore a folder created by `manage.py backup` into an empty DATA_DIR, or an empty database and"
        " MEDIA_ROOT. Refuses a backup whose files were changed. PostgreSQL needs pg_restore."
    )
    requires_system_checks = []  # checks may query the database

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, help="the backup's folder")

    def handle(self, *, source: Path, **options: object) -> None:
        try:
            manifest = restore_backup(source.absolute())
        except InvalidBackup as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Restored the shop as of {manifest.made_at}: {sum(manifest.rows.values())} rows")
        if has_other_key(manifest):
            self.stderr.write(
                "SECRET_KEY differs from that of the copied shop: encrypted texts cannot be read."
            )
        for name in manifest.missing:
            self.stderr.write(f"  missing in the backup, although a row names it: {name}")
