"""Reasons of refunds and returns that staff choose from a list of pages."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shop.content.models import Page, PageType, ReasonKind, ReasonPageType
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class NoReasonPages(Refused):
    code = "no_reason_pages"
    default_message = _("No page type is chosen for reasons. Leave the reason's page empty.")


class ReasonPageRequired(Refused):
    code = "reason_page_required"
    default_message = _("Choose one of the listed reasons.")


class NotAReasonPage(Refused):
    code = "not_a_reason_page"
    default_message = _("This page is not one of the listed reasons.")


@transaction.atomic(durable=True)
def set_reason_page_type(
    *, kind: ReasonKind, page_type_id: int | None, actor: Actor, now: datetime.datetime
) -> None:
    """Choose the page type of the reasons of refunds or returns, or none. Raises Missing."""
    page_type = lock_row(PageType.objects.filter(pk=page_type_id)) if page_type_id is not None else None
    if page_type_id is not None and page_type is None:
        raise Missing()
    current = lock_row(ReasonPageType.objects.select_related("page_type").filter(pk=kind))
    if page_type_id == (current.page_type_id if current is not None else None):
        return
    if current is not None:
        record_change(
            "pagetype.reasons_unassigned", current.page_type, actor=actor, now=now, data={"reasons": kind}
        )
    if page_type is None:
        ReasonPageType.objects.filter(pk=kind).delete()
        return
    ReasonPageType.objects.update_or_create(kind=kind, defaults={"page_type": page_type})
    record_change("pagetype.reasons_assigned", page_type, actor=actor, now=now, data={"reasons": kind})


def find_reason_page(kind: ReasonKind, page_id: int | None, *, field: str, is_required: bool) -> Page | None:
    """Return the page chosen as the reason, or None if none is chosen.

    Raises NoReasonPages, ReasonPageRequired, NotAReasonPage.
    """
    page_type_id = ReasonPageType.objects.filter(pk=kind).values_list("page_type", flat=True).first()
    if page_id is None:
        if page_type_id is not None and is_required:
            raise ReasonPageRequired(field=field)
        return None
    if page_type_id is None:
        raise NoReasonPages(field=field)
    page = Page.objects.filter(pk=page_id, page_type=page_type_id).first()
    if page is None:
        raise NotAReasonPage(field=field)
    return page
