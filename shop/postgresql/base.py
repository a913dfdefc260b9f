"""Django's PostgreSQL backend with a cursor for prepared statements, which PostgreSQL plans once.

Only compiled queries (shop/core/database/compiled_query.py) use it, because they know which of their
parameters vary. All other statements are sent as Django sends them, with their values in the text.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.utils import CursorWrapper
from psycopg import Error, errors
from psycopg.types.numeric import Int8Dumper

MAX_STATEMENTS_PER_CONNECTION = 500  # the least recently used is dropped first


class _Operations(DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """Return the statement with its values, for logs and tests. A prepared one was sent without them."""
        if isinstance(cursor, _PreparedCursor):
            return str(self.compose_sql(sql, params))
        executed: str = super().last_executed_query(cursor, sql, params)
        return executed


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = _Operations
    _schema_version = ""

    def prepared_cursor(self) -> CursorWrapper:
        """Return a cursor that sends parameters apart from statements and prepares repeated ones."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = _PreparedCursor(self.connection)  # type: ignore[call-arg]
            cursor.schema_version = self._schema_version
            prepared: CursorWrapper = self._prepare_cursor(cursor)  # type: ignore[attr-defined]
            return prepared

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.prepared_max = MAX_STATEMENTS_PER_CONNECTION
        # psycopg would give each integer the smallest type that holds it, and each combination of types would
        # be a statement of its own.
        connection.adapters.register_dumper(int, Int8Dumper)
        return connection

    def init_connection_state(self) -> None:
        super().init_connection_state()
        self._schema_version = self._read_schema_version()

    def is_usable(self) -> bool:
        """Check the connection at the start of a request, and notice whether tables were migrated."""
        if self.connection is None:
            return False
        try:
            self._schema_version = self._read_schema_version()
        except Error:
            return False
        return True

    def _read_schema_version(self) -> str:
        """Return a text that differs after each migration. It is empty before the first one."""
        with self.connection.cursor() as cursor:
            try:
                cursor.execute("SELECT count(*), max(id) FROM django_migrations")
            except errors.UndefinedTable:
                return ""
            return "{}/{}".format(*cursor.fetchone())


class _PreparedCursor(base.ServerBindingCursor):
    """A cursor whose statements name the schema's version.

    After a migration that changes a column's type, PostgreSQL refuses prepared statements that read it. We
    cannot always drop them, because poolers share them between clients. With another text they are new ones.
    """

    schema_version: str

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(f"{query} -- schema {self.schema_version}", params, **options)
