"""The page types of the reasons of refunds and returns, and the pages chosen as reasons."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Resolver, Selection
from shop.api.content.inputs import RefundSettingsUpdateArguments, ReturnSettingsUpdateArguments
from shop.api.content.types import page_object, page_type_object, stored_page_rows
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key
from shop.api.in_channel import with_channel
from shop.api.object_types import Row, Type
from shop.api.root_fields import Mutations, Queries
from shop.content.models import Page, PageType, ReasonKind, ReasonPageType
from shop.content.reason_pages import find_reason_page, set_reason_page_type
from shop.core.errors import Missing

SETTINGS_PERMISSIONS = (Permission.MANAGE_SETTINGS,)
REASON_CODES = {
    "no_reason_pages": "INVALID",
    "reason_page_required": "REQUIRED",
    "not_a_reason_page": "INVALID",
}

refund_settings_object = Type("RefundSettings")
return_settings_object = Type("ReturnSettings")
for settings_object in (refund_settings_object, return_settings_object):
    settings_object.related(
        "reasonReferenceType", page_type_object, column="page_type_id", rows=PageType.objects.all()
    )

query = Queries()
mutation = Mutations()


@query.field()
def refund_settings(*_: object) -> ReasonPageType:
    return _read_settings(ReasonKind.REFUND)


@query.field()
def return_settings(*_: object) -> ReasonPageType:
    return _read_settings(ReasonKind.RETURN)


@mutation.field(permissions=SETTINGS_PERMISSIONS, needs_recent_sign_in=True)
def refund_settings_update(
    arguments: RefundSettingsUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    chosen = arguments["input"]["refundReasonReferenceType"]
    _change_page_type(ReasonKind.REFUND, chosen, "refundReasonReferenceType", context)
    return {"refundSettings": _read_settings(ReasonKind.REFUND)}


@mutation.field(permissions=SETTINGS_PERMISSIONS, needs_recent_sign_in=True)
def refund_reason_reference_clear(
    arguments: object, context: Context, selection: Selection
) -> dict[str, object]:
    set_reason_page_type(kind=ReasonKind.REFUND, page_type_id=None, **context.actor_and_time)
    return {"refundSettings": _read_settings(ReasonKind.REFUND)}


@mutation.field(permissions=SETTINGS_PERMISSIONS, needs_recent_sign_in=True)
def return_settings_update(
    arguments: ReturnSettingsUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    chosen = arguments["input"]["returnReasonReferenceType"]
    _change_page_type(ReasonKind.RETURN, chosen, "returnReasonReferenceType", context)
    return {"returnSettings": _read_settings(ReasonKind.RETURN)}


@mutation.field(permissions=SETTINGS_PERMISSIONS, needs_recent_sign_in=True)
def return_reason_reference_clear(
    arguments: object, context: Context, selection: Selection
) -> dict[str, object]:
    set_reason_page_type(kind=ReasonKind.RETURN, page_type_id=None, **context.actor_and_time)
    return {"returnSettings": _read_settings(ReasonKind.RETURN)}


def _change_page_type(kind: ReasonKind, text: str, field: str, context: Context) -> None:
    """Choose the page type of an input. Raises InputError, Missing."""
    if not text:
        raise InputError("REQUIRED", _("This information is required."), field=field)
    key = int(input_key(text, "PageType", field=field))
    try:
        set_reason_page_type(kind=kind, page_type_id=key, **context.actor_and_time)
    except Missing as missing:
        raise Missing(field=field) from missing


def _read_settings(kind: ReasonKind) -> ReasonPageType:
    return ReasonPageType.objects.filter(pk=kind).first() or ReasonPageType(kind=kind)


def find_reason_page_of_input(
    kind: ReasonKind, text: str | None, context: Context, *, field: str, is_required: bool = True
) -> Page | None:
    """Return the page that an input names as the reason of a refund or return.

    If reasons are pages, people must choose one, unless it is not `is_required`, and apps may. Raises
    InputError, NoReasonPages, ReasonPageRequired, NotAReasonPage.
    """
    key = int(input_key(text, "Page", field=field)) if text else None
    return find_reason_page(kind, key, field=field, is_required=is_required and context.app is None)


def reason_page_field(column: str) -> Resolver:
    """Return a resolver of `reasonReference`. Those who see the reason also see its hidden page."""

    def resolve(
        rows: list[Row], arguments: object, context: Context, selection: Selection
    ) -> Sequence[Row | None]:
        keys = {getattr(row, column) for row in rows} - {None}
        pages = (
            page_object.read(
                with_channel(stored_page_rows().filter(pk__in=keys), None), selection.names(), "key"
            )
            if keys
            else []
        )
        pages_by_key = {page.key: page for page in pages}
        return [pages_by_key.get(getattr(row, column)) for row in rows]

    return resolve


TYPES = (refund_settings_object, return_settings_object, query, mutation)
