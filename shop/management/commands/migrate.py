"""`manage.py migrate`: Django's own command, which also creates the shop's triggers."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration

from shop.core.database.triggers import drop_sqlite_triggers, restore_sqlite_triggers
from shop.management.triggers import install_triggers


class Command(migrate.Command):
    def handle(self, *args: object, **options: Any) -> None:
        connection = connections[options["database"]]
        self._connection, self._dropped = connection, list[str]()
        try:
            super().handle(*args, **options)
        except BaseException:
            restore_sqlite_triggers(connection, self._dropped)
            raise
        if options["plan"] or options["check_unapplied"]:
            return
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("The database has no triggers until all migrations are applied.")
        else:
            install_triggers(connection)

    def migration_progress_callback(
        self, action: str, migration: Migration | None = None, fake: bool = False
    ) -> None:
        if action in ("apply_start", "unapply_start") and self._connection.vendor == "sqlite":
            self._dropped += drop_sqlite_triggers(self._connection)
        super().migration_progress_callback(action, migration, fake)
