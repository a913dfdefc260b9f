"""Take a file of listings, name its encoding, check its rows, and confirm it, which starts the writing."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from celery import shared_task
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from catalog.actions.listing_imports.check_rows import build_import_rows, heading_row
from catalog.actions.listing_imports.write_rows import unclaimed, write_listing_import_task
from catalog.models import ListingImport, ListingImportRow
from catalog.states import IMPORT_ROW_TRANSITIONS, IMPORT_TRANSITIONS, ImportRowState, ImportState
from cooperatives.models import Cooperative
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit_or_run, lock_row
from shop.core.errors import Missing, Refused
from shop.core.jobs.sweeps import run_each
from shop.core.models import Channel, record_change
from shop.core.spreadsheets.legacy_encodings import (
    LegacyEncoding,
    convert_legacy_text,
    detect_legacy_encoding,
    reads_as_vietnamese,
)
from shop.core.spreadsheets.tables import (
    Cell,
    FileEncoding,
    Formula,
    MarkedTable,
    TableRow,
    UnreadableFile,
    read_marked_table,
)
from shop.core.spreadsheets.workbook_limits import TableLimits
from shop.core.states import TransitionNotAllowed, change_state, change_states

LIMITS = TableLimits(rows=20_001, cells=500_000, file_bytes=10_000_000)
_MAX_BYTES_CHECKED_AT_ONCE = 200_000
_WRITING_TIMEOUT = datetime.timedelta(minutes=10)
_IMPORT_RETENTION = datetime.timedelta(days=30)
_SAMPLE_ROWS = 5
_SAMPLE_CELLS = 4


class NothingToWrite(Refused):
    code = "nothing_to_write"
    default_message = _("No row of this file changes anything.")


def import_listing_file(
    *,
    cooperative: Cooperative,
    channel: Channel,
    file_name: str,
    content: bytes,
    user: User,
    now: datetime.datetime,
) -> ListingImport:
    """Store a file and check its rows, in the background if the file is large. Raises UnreadableFile."""
    if len(content) > LIMITS.file_bytes:
        raise UnreadableFile(_("The file is too large. Split it into several files."), field="file")
    listing_import = ListingImport.objects.create(
        cooperative=cooperative,
        channel=channel,
        imported_by=user,
        file_name=file_name[:250],
        content=content,
        language=translation.get_language() or "vi",
        created_at=now,
    )
    _start_check(listing_import)
    return listing_import


@transaction.atomic(durable=True)
def confirm_encoding(*, cooperative: Cooperative, import_id: int, encoding: str) -> ListingImport:
    """Choose the encoding of a file's texts and check its rows. Raises Missing, TransitionNotAllowed."""
    listing_import = _lock_import(cooperative, import_id)
    change_state(listing_import, ImportState.CHECKING, IMPORT_TRANSITIONS)
    if encoding not in {*LegacyEncoding, *FileEncoding}:
        raise Missing(field="encoding")
    listing_import.encoding, listing_import.is_encoding_confirmed = encoding, True
    listing_import.save(update_fields=["encoding", "is_encoding_confirmed"])
    after_commit_or_run(check_listing_import_task, import_id=listing_import.pk)
    return listing_import


@transaction.atomic(durable=True)
def confirm_listing_import(
    *,
    cooperative: Cooperative,
    import_id: int,
    answered_row_ids: Collection[int] = (),
    includes_all_questions: bool = False,
    actor: Actor,
    now: datetime.datetime,
) -> ListingImport:
    """Confirm a preview, with the rows whose questions are answered by yes, and start writing.

    `includes_all_questions` answers all of them by yes. A repeat does nothing. Raises Missing,
    NothingToWrite, TransitionNotAllowed.
    """
    listing_import = _lock_import(cooperative, import_id)
    if listing_import.state in (ImportState.WRITING, ImportState.DONE):
        return listing_import
    if listing_import.state != ImportState.READY:
        raise TransitionNotAllowed(from_state=listing_import.state, to_state=ImportState.WRITING)
    questions = listing_import.rows.filter(state=ImportRowState.QUESTION)
    if not includes_all_questions:
        questions = questions.filter(pk__in=list(answered_row_ids))
    confirmed_rows = list(questions.order_by("row_number"))
    if not confirmed_rows and not listing_import.rows.filter(state=ImportRowState.WAITING).exists():
        raise NothingToWrite()
    change_states(confirmed_rows, ImportRowState.WAITING, IMPORT_ROW_TRANSITIONS)
    listing_import.confirmed_at, listing_import.content = now, b""
    listing_import.save(update_fields=["confirmed_at", "content"])
    change_state(listing_import, ImportState.WRITING, IMPORT_TRANSITIONS)
    record_change(
        "listing_import.confirmed",
        listing_import,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        data={"rows": listing_import.rows.filter(state=ImportRowState.WAITING).count()},
    )
    after_commit_or_run(write_listing_import_task, import_id=listing_import.pk)
    return listing_import


@transaction.atomic(durable=True)
def discard_listing_import(*, cooperative: Cooperative, import_id: int) -> None:
    """Delete an import that is not confirmed. Raises Missing, TransitionNotAllowed."""
    listing_import = _lock_import(cooperative, import_id)
    if listing_import.confirmed_at is not None:
        raise TransitionNotAllowed(from_state=listing_import.state, to_state="discarded")
    listing_import.delete()


@shared_task(name="catalog.check_listing_import")
def check_listing_import_task(*, import_id: int) -> None:
    """Check the rows of one file."""
    check_listing_import(import_id=import_id)


@shared_task(name="catalog.resume_listing_imports")
def resume_listing_imports_task() -> None:
    """Sweep: continue imports whose task was lost, and delete old ones."""
    now = timezone.now()
    run_each(
        ListingImport.objects.filter(state=ImportState.CHECKING, created_at__lt=now - _WRITING_TIMEOUT)
        .order_by("pk")
        .values_list("pk", flat=True),
        lambda import_id: check_listing_import(import_id=import_id),
        sweep="catalog.resume_listing_imports:checks",
    )
    run_each(
        ListingImport.objects.filter(unclaimed(now), state=ImportState.WRITING)
        .order_by("pk")
        .values_list("pk", flat=True),
        lambda import_id: write_listing_import_task(import_id=import_id),
        sweep="catalog.resume_listing_imports",
    )
    # Each may hold a file of 10 MB.
    ListingImport.objects.filter(created_at__lt=now - _IMPORT_RETENTION).defer("content").delete()


def check_listing_import(*, import_id: int) -> None:
    """Store a file's rows with what is wrong, or ask for its encoding. A second run does nothing."""
    listing_import = (
        ListingImport.objects.select_related("cooperative", "channel")
        .filter(pk=import_id, state=ImportState.CHECKING)
        .first()
    )
    if listing_import is None:
        return
    with translation.override(listing_import.language):
        try:
            table = read_marked_table(bytes(listing_import.content), limits=LIMITS)
            encoding = listing_import.encoding or _text_encoding(table)
            table = _converted(table, encoding)
            if encoding in (FileEncoding.UTF_8, FileEncoding.XLSX) or listing_import.is_encoding_confirmed:
                rows = build_import_rows(listing_import, table)
                _store_rows(listing_import.pk, encoding, rows)
            else:
                _ask_for_encoding(listing_import.pk, encoding, table)
        except UnreadableFile as refused:
            _fail(listing_import.pk, str(refused.message))


def _start_check(listing_import: ListingImport) -> None:
    if len(listing_import.content) > _MAX_BYTES_CHECKED_AT_ONCE:
        with transaction.atomic():
            after_commit_or_run(check_listing_import_task, import_id=listing_import.pk)
    else:
        check_listing_import_task(import_id=listing_import.pk)


def _text_encoding(table: MarkedTable) -> str:
    """Return the encoding of the texts: the file's encoding, or an older one in which they were typed."""
    texts = (cell for row in table.rows for cell in row.cells if isinstance(cell, str))
    if table.encoding == FileEncoding.SINGLE_BYTE:
        return detect_legacy_encoding(texts) or table.encoding
    if table.encoding == FileEncoding.XLSX:
        # The headings of our template are in Unicode, whatever font the other cells were typed in.
        return (
            detect_legacy_encoding(text for text in texts if not reads_as_vietnamese(text)) or table.encoding
        )
    return table.encoding


def _converted(table: MarkedTable, encoding: str) -> MarkedTable:
    if encoding not in set(LegacyEncoding):
        return table
    legacy = LegacyEncoding(encoding)
    is_mixed = table.encoding == FileEncoding.XLSX

    def convert(cell: Cell) -> Cell:
        if not isinstance(cell, str) or isinstance(cell, Formula) or (is_mixed and reads_as_vietnamese(cell)):
            return cell
        return convert_legacy_text(cell, legacy)

    rows = [TableRow(row.number, tuple(map(convert, row.cells))) for row in table.rows]
    return MarkedTable(rows, table.encoding, table.merged_ranges)


def _ask_for_encoding(import_id: int, encoding: str, table: MarkedTable) -> None:
    heading = heading_row(table.rows)
    after_heading = [row for row in table.rows if heading is None or row.number > heading.number]
    sample = [
        [str(cell)[:80] for cell in row.cells if isinstance(cell, str) and cell][:_SAMPLE_CELLS]
        for row in after_heading[:_SAMPLE_ROWS]
    ]
    _leave_check(import_id, ImportState.ENCODING, encoding=encoding, sample=sample)


def _fail(import_id: int, message: str) -> None:
    _leave_check(import_id, ImportState.FAILED, failure=message[:500], content=b"")


@transaction.atomic(durable=True)
def _leave_check(import_id: int, state: ImportState, **columns: object) -> None:
    listing_import = lock_row(ListingImport.objects.filter(pk=import_id, state=ImportState.CHECKING))
    if listing_import is None:
        return
    for column, value in columns.items():
        setattr(listing_import, column, value)
    listing_import.save(update_fields=list(columns))
    change_state(listing_import, state, IMPORT_TRANSITIONS)


@transaction.atomic(durable=True)
def _store_rows(import_id: int, encoding: str, import_rows: list[ListingImportRow]) -> None:
    listing_import = lock_row(ListingImport.objects.filter(pk=import_id, state=ImportState.CHECKING))
    if listing_import is None:
        return
    ListingImportRow.objects.bulk_create(import_rows, batch_size=500)
    listing_import.encoding = encoding
    listing_import.save(update_fields=["encoding"])
    change_state(listing_import, ImportState.READY, IMPORT_TRANSITIONS)


def _lock_import(cooperative: Cooperative, import_id: int) -> ListingImport:
    """In a transaction: lock an import of the cooperative. Raises Missing."""
    listing_import = lock_row(ListingImport.objects.for_cooperative(cooperative).filter(pk=import_id))
    if listing_import is None:
        raise Missing()
    return listing_import
