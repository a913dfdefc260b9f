"""Test environment: a separate database, job broker and browser.

`--db sqlite` (as embedded) or `--db postgres` (PostgreSQL and Redis, started here on free ports). A missing
program fails the run and is named; nothing is skipped.
"""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest
from django.http import HttpRequest
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Error, Page, ViewportSize, expect, sync_playwright

from shop.management.servers.process import MissingService, Service, free_port
from shop.management.servers.redis import start_redis

pytest_plugins = ["tests.figures"]
CHROMIUM_FLAGS = [
    *["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
    *["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"],
]
# Each test opens new pages, so V8's optimizing compilers cost more time than they save (a fifth).
UNOPTIMIZED_SCRIPTS = "--js-flags=--no-opt,--no-maglev,--single-threaded,--min-semi-space-size=32"
PDF_STYLE_SHEETS = {"css/statement.css", "css/label_pdf.css"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
# On a busy machine an example may exceed any deadline.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")
# On a busy machine a page may take ten seconds, so an expectation waits as long as Playwright's actions do.
expect.set_options(timeout=30_000)
# Pages only translate: the actions and QuerySets that they call are tested on both databases. Tests of pages
# run on SQLite only; `tests.journeys.test_every_page_on_postgres` runs the statements of every page.
FOLDERS_OF_PAGES = [Path(__file__).parent / name for name in ("orders/pages", "shop/desk", "shop/members")]
_services: list[Service] = []
_folders: list[Path] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--db", choices=("sqlite", "postgres"), default="sqlite", help="which database to test on"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Set the environment before Django reads its settings.

    xdist's workers use the servers that the first process started; each has its own folder and databases.
    """
    worker = getattr(config, "workerinput", {}).get("workerid")
    if config.option.db == "postgres":
        if worker is None:
            port = free_port()
            _name_servers(port)
        else:
            os.environ["REDIS_URL"] = f"{os.environ['REDIS_SERVER']}/{int(worker.removeprefix('gw')) + 1}"
    folder = Path(tempfile.mkdtemp(prefix="cho-phien-tests-"))
    _folders.append(folder)
    os.environ |= {
        "DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "shop.settings",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # Playwright keeps an event loop in the thread of the test
        "LOG_LEVEL": "WARNING",
        "PAGE_CACHE_SECONDS": "0",  # factories change rows without invalidating the cache
    }
    django.setup()
    from tests.template_attributes import refuse_unknown_attributes

    refuse_unknown_attributes()
    _do_not_wait_for_the_disk()
    if config.option.db == "postgres" and worker is None:
        from tests.migrated_databases import start_migrated_postgres

        _services.append(_started(partial(start_migrated_postgres, port)))
    if worker is None and getattr(config.option, "numprocesses", None):
        # Otherwise pytest-django would read the settings in each worker before its folder is set above, and
        # the workers would share this process's cache, queue and pictures.
        del os.environ["DJANGO_SETTINGS_MODULE"]
    from shop.management.preparation import compile_translations

    with (folder / "log").open("w") as log:
        compile_translations(out=log)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """On PostgreSQL, deselect the tests that use no database and the tests of pages.

    Tests that start processes or a browser take longest, so they run first.
    """
    for item in items:
        uses_one = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
        uses_none = not uses_one and item.get_closest_marker("django_db") is None
        is_of_pages = item.path.parent in FOLDERS_OF_PAGES and item.get_closest_marker("both") is None
        if uses_none or is_of_pages:
            item.add_marker(pytest.mark.once)
            if item.get_closest_marker("postgres") is not None:
                raise pytest.UsageError(f"{item.nodeid} would run on no database")
        if item.get_closest_marker("long") is not None:
            item.add_marker(pytest.mark.timeout(0))
    yield
    items.sort(
        key=lambda item: (
            not any(item.iter_markers("processes")) and "browser" not in getattr(item, "fixturenames", ())
        )
    )


def pytest_collection_finish() -> None:
    """Exclude existing objects from garbage collection, which took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def pytest_unconfigure(config: pytest.Config) -> None:
    while _services:
        _services.pop().stop()
    while _folders:
        shutil.rmtree(_folders.pop(), ignore_errors=True)


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {config.option.db}"


def _name_servers(port: int) -> None:
    """Start Redis; PostgreSQL is started once Django knows the migrations."""
    redis = _started(start_redis)
    _services.append(redis)
    os.environ |= {
        "DATABASE_URL": f"postgres://shop@127.0.0.1:{port}/migrated",
        "REDIS_SERVER": redis.url,
        "REDIS_URL": f"{redis.url}/0",
        "SECRET_KEY": "only-for-tests-" * 4,
        "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "EMAIL_HOST": "127.0.0.1",
        "DEFAULT_FROM_EMAIL": "cho-phien@localhost",
    }


def _started(start: Callable[[], Service]) -> Service:
    try:
        return start()
    except MissingService as error:
        raise pytest.UsageError(str(error)) from error


def _do_not_wait_for_the_disk() -> None:
    """Turn off durable writes of SQLite, as of PostgreSQL: nothing outlives the tests."""
    from django.conf import settings

    options = settings.DATABASES["default"]["OPTIONS"]
    if "init_command" in options:
        options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Begin the tests' database as a copy of a migrated one."""
    from django.db import connection

    from tests.migrated_databases import CopiedCreation

    if request.config.option.db == "sqlite":
        connection.creation = CopiedCreation(connection)
    else:
        connection.settings_dict["TEST"]["TEMPLATE"] = connection.settings_dict["NAME"]


@pytest.fixture(scope="session")
def minified_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of our scripts and style sheets as visitors receive them.

    PDF documents are made with their style sheets as written.
    """
    from django.contrib.staticfiles.finders import get_finders

    from shop.server.static_files import minify, should_minify

    folder = tmp_path_factory.mktemp("static")
    for finder in get_finders():
        for name, storage in finder.list([]):
            if should_minify(name) and name not in PDF_STYLE_SHEETS:
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(minify(name, Path(storage.path(name)).read_text()))
    return folder


@pytest.fixture(scope="session", autouse=True)
def _use_fast_settings(minified_files: Path) -> Iterator[None]:
    """Serve static files without digests in names, hash passwords with one round, and offer codes by text."""
    from django.conf import settings

    with override_settings(
        STATICFILES_DIRS=[str(minified_files)],  # comparable, or no rows would be reused
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        PHONE_CODES=True,
        STORAGES={
            **settings.STORAGES,
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
    ):
        yield


@pytest.fixture(scope="session", autouse=True)
def _let_browsers_keep_static_files() -> Iterator[None]:
    """Let a browser request each static file once, as in a running shop: tests add no digests to names."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler

    serve = StaticFilesHandler.serve

    def serve_for_an_hour(self: Any, request: HttpRequest) -> Any:
        response = serve(self, request)
        response["Cache-Control"] = "max-age=3600"
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticFilesHandler, "serve", serve_for_an_hour)
        yield


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> Iterator[None]:
    """Empty tables between transactional tests, and write the rows of migrations again, as in a new shop.

    The triggers of append-only tables (ledger, change log) are disabled meanwhile. PostgreSQL deletes rows
    instead of truncating, which would recreate the files of a hundred tables. Content types and permissions
    stay: Django would write the same ones again each time.
    """
    from django.core.management.commands import flush as flush_command
    from django.db import connection

    from catalog.models import ForbiddenPhrase

    on_sqlite = request.config.option.db == "sqlite"
    operations = type(connection.ops)
    flush, statements = operations.execute_sql_flush, operations.sql_flush
    emit_post_migrate_signal = flush_command.emit_post_migrate_signal
    with django_db_blocker.unblock():
        migrated_phrases = list(ForbiddenPhrase.objects.all())

    def flushed_with_migrated_rows(self: Any, sql_list: list[str]) -> None:
        flush(self, sql_list)
        ForbiddenPhrase.objects.bulk_create(migrated_phrases)

    def flushed_without_triggers(self: Any, sql_list: list[str]) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%RAISE(ABORT%'"
            )
            triggers = cursor.fetchall()
            for name, _made_by in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            flushed_with_migrated_rows(self, sql_list)
            for _name, made_by in triggers:
                cursor.execute(made_by)

    def statements_of_emptied(self: Any, style: Any, tables: list[str], **options: Any) -> list[str]:
        emptied = [table for table in tables if table not in ("django_content_type", "auth_permission")]
        statements_for = statements if on_sqlite else deletions
        return statements_for(self, style, emptied, **options)

    def deletions(self: Any, _style: Any, tables: list[str], **_options: Any) -> list[str]:
        deleted = [f"DELETE FROM {self.quote_name(table)}" for table in tables]
        if "catalog_product" in tables:
            deleted.append("DELETE FROM catalog_search")  # no model's table; its triggers do not run here
        return ["; ".join(["SET LOCAL session_replication_role = replica", *deleted])]

    operations.execute_sql_flush = flushed_without_triggers if on_sqlite else flushed_with_migrated_rows
    operations.sql_flush = statements_of_emptied
    flush_command.emit_post_migrate_signal = lambda *_arguments, **_options: None
    yield
    operations.execute_sql_flush, operations.sql_flush = flush, statements
    flush_command.emit_post_migrate_signal = emit_post_migrate_signal


@pytest.fixture(scope="module")
def all_divisions(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Write every current province and commune once for a file whose tests roll back."""
    from django.db import connection, transaction

    from shop.core.geography.divisions import write_divisions

    with django_db_blocker.unblock(), transaction.atomic():
        write_divisions()
        with connection.cursor() as cursor:
            # Otherwise statistics of earlier tests, of empty tables, decide how these are searched.
            cursor.execute("ANALYZE core_division")
            cursor.execute("ANALYZE core_formerplace")
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="session", autouse=True)
def _make_forced_sign_ins_recent() -> Iterator[None]:
    """Make `Client.force_login` a recent sign-in, so that protected pages open after it.

    The grace period of staff has begun, so that reading a page writes nothing.
    `tests.shop.accounts.factors.age_session` makes the session an old one.
    """
    import datetime

    from django.core.cache import cache
    from django.test import Client
    from django.utils import timezone

    from shop.accounts.models import User
    from shop.accounts.views.session_presence import SESSION_KEY

    force_login = Client.force_login

    def force_recent_login(self: Any, user: User, *args: Any, **kwargs: Any) -> None:
        users_without_deadline = User.objects.filter(pk=user.pk, is_staff=True, second_factor_due_at=None)
        users_without_deadline.update(second_factor_due_at=timezone.now() + datetime.timedelta(days=14))
        force_login(self, user, *args, **kwargs)
        session = self.session
        session[SESSION_KEY] = timezone.now().isoformat()
        session.save()
        cache.set(f"seen:{session.session_key}", 1)  # so that the first page writes no more than the second

    Client.force_login = force_recent_login  # type: ignore[method-assign]
    yield
    Client.force_login = force_login  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def media_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return an endless iterator of folders that do not exist yet: making one for each test takes long."""
    folder = tmp_path_factory.mktemp("media")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _isolate_cache_media_and_language(media_folders: Iterator[Path]) -> Iterator[None]:
    """Give each test its own cache, pictures and language."""
    from django.conf import settings
    from django.core.cache import cache
    from django.utils import translation

    cache.clear()
    translation.activate(settings.LANGUAGE_CODE)
    with override_settings(MEDIA_ROOT=next(media_folders)):
        yield


@pytest.fixture(autouse=True)
def _reuse_rows(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let tests that roll back reuse rows made before: see `tests.row_reuse`."""
    from tests.row_reuse import can_reuse_rows, may_patch, recorder

    if not can_reuse_rows(request.node):
        yield
        return
    request.getfixturevalue("db")
    recorder.begin(request.getfixturevalue("monkeypatch") if may_patch(request.node) else None)
    yield
    recorder.end()


@pytest.fixture
def eager_jobs() -> Iterator[None]:
    """Run jobs where they are queued, since no worker runs beside the tests."""
    from shop.celery import app

    app.loader.import_default_modules()  # as a worker does: register every task
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Yield Debian's Chromium, one for each worker; the headless shell takes a third less time."""
    from django.conf import settings

    from tests import camera

    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if program is None:
        pytest.fail("Chromium is missing: apt-get install chromium (make setup does it)", pytrace=False)
    # Otherwise the first page would wait for the imports, on a busy machine for half a minute.
    import_module(settings.ROOT_URLCONF)
    with sync_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, UNOPTIMIZED_SCRIPTS, *camera.FLAGS]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        # Playwright's driver sometimes crashes when workers outlive their closed window.
        browser.new_context = partial(browser.new_context, service_workers="block")  # type: ignore[method-assign]
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, live_server: Any) -> Iterator[Page]:
    """Yield a desktop window (1280 px) whose addresses start at the live shop: `page.goto("/")`."""
    yield from open_page(browser, live_server.url, viewport={"width": 1280, "height": 900})


@pytest.fixture
def phone(browser: Browser, live_server: Any) -> Iterator[Page]:
    """Yield a phone (390 px, touch) whose addresses start at the live shop."""
    yield from open_page(browser, live_server.url, **PHONE)


@pytest.fixture
def phone_with_workers(browser: Browser, live_server: Any) -> Iterator[Page]:
    """Yield a phone with service workers enabled, which cache pages for offline use."""
    yield from open_page(browser, live_server.url, **PHONE, service_workers="allow")


@pytest.fixture
def second_phone_with_workers(browser: Browser, live_server: Any) -> Iterator[Page]:
    """Yield a phone of another person, with its own cookies and database."""
    yield from open_page(browser, live_server.url, **PHONE, service_workers="allow")


def open_page(
    browser: Browser, url: str, *, viewport: ViewportSize, **context_options: Any
) -> Iterator[Page]:
    """Open a page as a new visitor; script errors and policy breaches fail the test at its end."""
    context: BrowserContext = browser.new_context(
        base_url=url,
        viewport=viewport,
        locale="vi-VN",
        reduced_motion="reduce",  # a skipped view transition is reported as an error
        **context_options,
    )
    page = context.new_page()
    faults: list[str] = []

    def note_error(error: Error) -> None:
        faults.append(str(error))

    page.on("pageerror", note_error)
    page.on(
        "console",
        lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield page
    context.close()
    assert faults == []
