"""Export a person's data as JSON for programs and as a workbook for people, in a background task.

The compressed export is stored in the database for three days, so all machines can serve it, and no copy is
left on a disk after its deletion.
"""

from __future__ import annotations

import datetime
import gzip
import io
import json
import uuid

import xlsxwriter
from celery import shared_task
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from xlsxwriter.worksheet import Worksheet

from orders.actions.privacy.personal_data import (
    PersonalData,
    read_personal_data_of_guest,
    read_personal_data_of_user,
)
from shop.accounts.models import DataExport, DataRequest
from shop.accounts.personal.data_requests import close_request, lock_request
from shop.accounts.states import RequestState
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit
from shop.core.jobs.sweeps import run_each

EXPORT_LIFETIME = datetime.timedelta(days=3)
_SWEEP_SIZE = 50
_SHEET_NAME, _MAX_CELL_LENGTH = 31, 32_000


def queue_export(data_request: DataRequest, *, now: datetime.datetime) -> None:
    """In the transaction that records the request: queue the export. Repeating it reuses the first export."""
    DataExport.objects.get_or_create(
        request=data_request,
        defaults={"user_id": data_request.user_id, "created_at": now, "expires_at": now + EXPORT_LIFETIME},
    )
    after_commit(make_export_task.delay, request_id=str(data_request.pk))


@shared_task(name="orders.make_data_export")
def make_export_task(*, request_id: str) -> None:
    """Make one export. A second run does nothing."""
    make_export(request_id=uuid.UUID(request_id), now=timezone.now())


@shared_task(name="orders.make_data_exports")
def make_exports_task() -> None:
    """Sweep: make exports whose task was lost, and delete expired ones."""
    now = timezone.now()
    run_each(
        DataExport.objects.not_ready().values_list("request", flat=True),
        lambda request_id: make_export(request_id=request_id, now=now),
        sweep="orders.make_data_exports",
        max_count=_SWEEP_SIZE,
    )
    DataExport.objects.filter(expires_at__lte=now, ready_at__isnull=False).delete()


def make_export(*, request_id: uuid.UUID, now: datetime.datetime) -> None:
    """Collect, compress and store the data, and notify the requester. Collecting holds no locks."""
    data_request = DataRequest.objects.filter(pk=request_id).first()
    if data_request is None or not DataExport.objects.not_ready().filter(request=data_request).exists():
        return
    data = (
        read_personal_data_of_user(data_request.user_id)
        if data_request.user_id is not None
        else read_personal_data_of_guest(data_request.contact)
    )
    with translation.override(data_request.language):
        _store_export(request_id, compressed_json(data), build_workbook(data), now=now)


@transaction.atomic(durable=True)
def _store_export(
    request_id: uuid.UUID, as_json: bytes, as_workbook: bytes, *, now: datetime.datetime
) -> None:
    row = lock_request(request_id)
    export = DataExport.objects.not_ready().filter(request=row)
    if not export.update(
        as_json=as_json, as_workbook=as_workbook, ready_at=now, expires_at=now + EXPORT_LIFETIME
    ):
        return
    if row.is_open:
        message = _("Your copy of your data is ready for three days: %(url)s") % {"url": _export_url(row)}
        close_request(row, RequestState.DONE, answer=message, actor=Actor.system(), now=now)


def compressed_json(data: PersonalData) -> bytes:
    text = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
    return gzip.compress(text.encode(), mtime=0)


def build_workbook(data: PersonalData) -> bytes:
    """Write a sheet for each list, with the JSON's names as columns. Texts are never read as formulas."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        bold = book.add_format({"bold": True})
        for name, rows in data.items():
            sheet = book.add_worksheet(name[:_SHEET_NAME])
            columns = list(rows[0]) if rows else []
            for column_index, column in enumerate(columns):
                sheet.write_string(0, column_index, column, bold)
            for row_index, row in enumerate(rows, start=1):
                for column_index, column in enumerate(columns):
                    _write_cell(sheet, row_index, column_index, row[column])
    return buffer.getvalue()


def _write_cell(sheet: Worksheet, row_index: int, column_index: int, value: object) -> None:
    if isinstance(value, int) and not isinstance(value, bool):
        sheet.write_number(row_index, column_index, value)
    elif value is not None:
        text = value.isoformat() if isinstance(value, datetime.date) else str(value)
        sheet.write_string(row_index, column_index, text[:_MAX_CELL_LENGTH])


def _export_url(data_request: DataRequest) -> str:
    """Return the account's page or, for a guest, an export address that cannot be guessed."""
    path = reverse("orders:my-data")
    if data_request.user_id is None:
        path = reverse("orders:data-copy", args=[data_request.export.pk])
    return f"{settings.PUBLIC_URL}{path}"
