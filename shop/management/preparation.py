"""What must be in order before the shop opens; each step does nothing when nothing changed since."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
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
from shop.management.demo.seeding import is_interrupted

Say = Callable[[str], None]


def prepare(*, out: TextIO, demo: bool) -> None:
    """Translations, database, static files and the demo, in a shop that is empty or where it was interrupted.

    Tells what takes time.
    """
    compile_translations(out=out)
    _migrate(out=out)
    _collect_static_files(out=out)
    if demo and (_is_empty() or is_interrupted()):
        with _told(out, "Filling the shop with demo goods"):
            call_command("seed_demo", stdout=out, verbosity=0)


def compile_translations(*, out: TextIO) -> None:
    """Make the .mo of every .po that changed. By Babel, since a fresh machine has no gettext.

    What was read before, when there was perhaps none, is read anew: the demo is written in this process, too.
    """
    for po in sorted(
        Path(folder) for base in settings.LOCALE_PATHS for folder in base.glob("*/LC_MESSAGES/*.po")
    ):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        with _told(out, f"Compiling {po.relative_to(settings.BASE_DIR)}"):
            fresh = mo.with_suffix(f".{os.getpid()}")
            with po.open("rb") as source, fresh.open("wb") as target:
                # Without a locale Babel leaves out how plurals are formed, and they would show in English.
                write_mo(target, read_po(source, locale=po.parent.parent.name))
            fresh.replace(mo)
    translation_file_changed(sender=None, file_path=Path("django.mo"))


def _migrate(*, out: TextIO) -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        with _told(out, "Bringing the database up to date"):
            call_command("migrate", interactive=False, verbosity=0, stdout=out)


def _collect_static_files(*, out: TextIO) -> None:
    """Copy, name by content and compress; the stamp is written last, so that a broken run is repeated."""
    stamp = settings.DATA_DIR / "static.stamp"
    state = _static_state()
    if stamp.exists() and stamp.read_text() == state and Path(settings.STATIC_ROOT).exists():
        return
    with _told(out, "Compressing stylesheets, scripts and pictures"):
        call_command("collectstatic", interactive=False, verbosity=0, clear=True, stdout=out)
    stamp.write_text(state)


def _static_state() -> str:
    """A fingerprint of all static files: place, size and time of change."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path}:{found.st_size}:{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _is_empty() -> bool:
    """Nobody has an account and no cooperative but the platform's own house exists."""
    return not get_user_model().objects.exists() and Cooperative.objects.count() <= 1


@contextmanager
def _told(out: TextIO, what: str) -> Iterator[None]:
    out.write(f"· {what} …\n")
    out.flush()
    begun = time.monotonic()
    yield
    out.write(f"  done in {time.monotonic() - begun:.1f} s\n")
    out.flush()
