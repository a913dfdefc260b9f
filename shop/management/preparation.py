"""Prepare the shop before it starts. Each step does nothing if nothing changed."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation.reloader import translation_file_changed

from cooperatives.models import Cooperative
from shop.management.demo_state.progress import is_interrupted
from shop.management.triggers import install_triggers
from shop.notifications.vapid import read_vapid_key


def prepare_shop(*, out: TextIO, should_seed_demo: bool) -> None:
    """Compile translations, migrate, collect static files, make missing keys, and seed an unfinished demo.

    Prints the steps that take time.
    """
    compile_translations(out=out)
    _migrate(out=out)
    _collect_static_files(out=out)
    read_vapid_key()  # subscriptions are made with it, so it exists before anybody subscribes
    if should_seed_demo and (_is_empty() or is_interrupted()):
        with _report_step(out, "Filling the shop with demo goods"):
            call_command("seed_demo", stdout=out, verbosity=0)


def compile_translations(*, out: TextIO) -> None:
    """Compile each changed .po file with Babel, because temporary machines lack gettext.

    Loaded catalogues are discarded afterwards, because the demo is seeded in this process, too.
    """
    for po in sorted(
        Path(folder) for base in settings.LOCALE_PATHS for folder in base.glob("*/LC_MESSAGES/*.po")
    ):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        with _report_step(out, f"Compiling {po.relative_to(settings.BASE_DIR)}"):
            temporary = mo.with_suffix(f".{os.getpid()}")
            with po.open("rb") as source, temporary.open("wb") as target:
                # Without a locale Babel omits the plural rule, and plurals would show in English.
                write_mo(target, read_po(source, locale=po.parent.parent.name))
            temporary.replace(mo)
    translation_file_changed(sender=None, file_path=Path("django.mo"))


def _migrate(*, out: TextIO) -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        with _report_step(out, "Bringing the database up to date"):
            call_command("migrate", interactive=False, verbosity=0, stdout=out)
    else:
        install_triggers(connection)


def _collect_static_files(*, out: TextIO) -> None:
    """Collect, hash and compress static files.

    The stamp is written last, so an interrupted run is repeated.
    """
    stamp = settings.DATA_DIR / "static.stamp"
    state = _static_state()
    if stamp.exists() and stamp.read_text() == state and Path(settings.STATIC_ROOT).exists():
        return
    with _report_step(out, "Compressing stylesheets, scripts and pictures"):
        call_command("collectstatic", interactive=False, verbosity=0, clear=True, stdout=out)
    stamp.write_text(state)


def _static_state() -> str:
    """Return a fingerprint of all static files, from path, size and modification time."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            file_stat = Path(storage.path(path)).stat()
            digest.update(f"{path}:{file_stat.st_size}:{file_stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _is_empty() -> bool:
    """Return whether there are no accounts and no cooperative except the platform seller."""
    return not get_user_model().objects.exists() and Cooperative.objects.count() <= 1


@contextmanager
def _report_step(out: TextIO, step: str) -> Iterator[None]:
    out.write(f"· {step} …\n")
    out.flush()
    begun = time.monotonic()
    yield
    out.write(f"  done in {time.monotonic() - begun:.1f} s\n")
    out.flush()
