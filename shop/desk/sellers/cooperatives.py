"""Cooperatives at the desk: applications, details and decisions."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.paginator import Paginator
from django.db.models import CharField, Count, Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from catalog.models import Listing
from catalog.states import ListingState
from cooperatives.actions.application_checks import failed_checks, labels_of_checks
from cooperatives.actions.application_documents import OPEN_STATES, required_kinds
from cooperatives.actions.cooperative_lifecycle import set_cooperative_state
from cooperatives.models import (
    ApplicationDocument,
    Cooperative,
    DeliveryMethod,
    DocumentKind,
    Warehouse,
)
from cooperatives.states import COOPERATIVE_TRANSITIONS, CooperativeState
from orders.models import OrderPart, read_commission_percents
from orders.payments.banks import find_bank
from orders.states import FINISHED_ORDER_STATUSES
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.dates.holidays import add_days_without_holidays
from shop.core.errors import StrOrPromise
from shop.core.models import Change
from shop.core.texts.formatting import format_number
from shop.core.texts.translations import other_languages
from shop.core.web.action_results import run_action
from shop.core.web.form_review import is_reviewed
from shop.desk.forms import CooperativeSearch, StateDecisionForm
from shop.desk.review_page import render_review
from shop.history.change_displays import build_change_displays
from shop.staff_pages import staff_only

PER_PAGE = 20
MAX_CHANGES = 100
REPLY_WORKING_DAYS = 3
_REVIEWED_STATES = (CooperativeState.SUSPENDED, CooperativeState.REJECTED)

DECISION_MESSAGES = {
    CooperativeState.APPROVED: _("Approved. The cooperative has been notified."),
    CooperativeState.NEEDS_MORE: _("More information requested. The cooperative has been notified."),
    CooperativeState.REJECTED: _("Rejected. The cooperative has been notified."),
    CooperativeState.SUSPENDED: _("Suspended. Their products are no longer on sale."),
}
DECISION_BUTTONS = {
    CooperativeState.APPROVED: (_("Approve"), ""),
    CooperativeState.NEEDS_MORE: (_("Request more information"), "button-second"),
    CooperativeState.REJECTED: (_("Reject"), "button-stop"),
    CooperativeState.SUSPENDED: (_("Suspend"), "button-stop"),
}


@dataclass(frozen=True, slots=True)
class ApplicationCheck:
    """One check before approval. `tone` is good, wait, bad or empty. `note` says what is wrong.

    `document_id` is the document that staff must open before the check can pass.
    """

    label: StrOrPromise
    tone: str
    note: StrOrPromise = ""
    document_id: int | None = None
    is_document: bool = False


@dataclass(frozen=True, slots=True)
class DecisionButton:
    new_state: str
    label: Promise
    css: str
    missing: Sequence[str] = ()

    @property
    def is_disabled(self) -> bool:
        return bool(self.missing)


@require_safe
@staff_only(Permission.MANAGE_STAFF)
def list_cooperatives(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List cooperatives by state or search, applications first."""
    form = CooperativeSearch(request.GET)
    query, state = form.chosen("q") or "", form.chosen("state")
    sellers = Cooperative.objects.filter(is_platform_seller=False)
    matching_sellers = sellers.matching(query) if query else sellers
    if state or not query:
        state = state or CooperativeState.APPLIED
        matching_sellers = matching_sellers.filter(state=state)
    counts = dict(sellers.order_by().values_list("state").annotate(Count("pk")))
    page = Paginator(_annotate_checks(matching_sellers).order_by("applied_at", "pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "form": form,
        "query": query,
        "state": state,
        "states": [(state, state.label, counts.get(state, 0)) for state in CooperativeState],
        "page": page,
        "rows": [
            (row, _application_checks(row), _sales_checks(row), _decision_buttons(row), _reply_deadline(row))
            for row in page.object_list
        ],
        "today": vietnam_date(timezone.now()),
    }
    return render(request, "desk/cooperatives.html", context)


@require_safe
@staff_only(Permission.MANAGE_STAFF)
def show_cooperative(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show a cooperative's details, members and history."""
    return _render_cooperative(request, pk, StateDecisionForm())


@require_POST
@staff_only(Permission.MANAGE_STAFF)
def decide_cooperative(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Approve, ask for more, reject, suspend or restore."""
    form = StateDecisionForm(request.POST)
    if not form.is_valid():
        return _render_cooperative(request, pk, form, status=422)
    new_state, reason = CooperativeState(form.cleaned_data["answer"]), form.cleaned_data["reason"]
    if new_state in _REVIEWED_STATES and reason.strip() and not is_reviewed(request):
        cooperative = get_object_or_404(Cooperative.objects.filter(is_platform_seller=False), pk=pk)
        if new_state in COOPERATIVE_TRANSITIONS[cooperative.state]:
            return _review_decision(request, cooperative, new_state, reason)
    action = partial(
        set_cooperative_state,
        cooperative_id=pk,
        new_state=new_state,
        reason=reason,
        actor=actor,
        now=timezone.now(),
    )
    page = reverse("desk:cooperative", args=[pk])
    return run_action(request, action, url=page, message=DECISION_MESSAGES[new_state])


def _review_decision(
    request: HttpRequest, cooperative: Cooperative, new_state: CooperativeState, reason: str
) -> HttpResponse:
    """Show what a suspension stops, or that a rejection is final."""
    name = cooperative.name
    facts = [(gettext("Cooperative"), name), (gettext("Reason"), reason)]
    if new_state == CooperativeState.SUSPENDED:
        on_sale = Listing.objects.for_cooperative(cooperative).filter(state=ListingState.PUBLISHED).count()
        open_parts = OrderPart.objects.for_cooperative(cooperative).active()
        open_count = open_parts.exclude(order__status__in=FINISHED_ORDER_STATUSES).count()
        facts += [
            (gettext("Products on sale"), format_number(on_sale)),
            (gettext("Orders not finished"), format_number(open_count)),
        ]
        title, label = gettext("Suspend %(name)s?"), gettext("Suspend %(name)s")
        effects = [
            gettext("Their products leave the market at once. Orders already placed are still delivered."),
            gettext("You can allow sales again later."),
        ]
    else:
        title, label = gettext("Reject %(name)s?"), gettext("Reject %(name)s")
        effects = [gettext("This decision is final.")]
    effects.append(gettext("The cooperative is told at once, with your reason."))
    return render_review(
        request,
        title=title % {"name": name},
        facts=facts,
        effects=effects,
        label=label % {"name": name},
        back_url=reverse("desk:cooperative", args=[cooperative.pk]),
        back_label=name,
        is_unusual=True,
        is_stop=True,
    )


def _render_cooperative(
    request: HttpRequest, pk: int, form: StateDecisionForm, *, status: int = 200
) -> HttpResponse:
    cooperative = get_object_or_404(
        _annotate_checks(Cooperative.objects.filter(is_platform_seller=False)), pk=pk
    )
    rates = read_commission_percents([(cooperative.pk, "")], day=vietnam_date(timezone.now()))
    changes = Change.objects.of_row_and_parts(cooperative).order_by("-created_at", "-pk")[:MAX_CHANGES]
    context: dict[str, object] = {
        "cooperative": cooperative,
        "bank": find_bank(cooperative.bank_bin),
        "other_languages": other_languages(),
        "form": form,
        # The documents have a list of their own.
        "checks": [check for check in _application_checks(cooperative) if not check.is_document],
        "sales_checks": _sales_checks(cooperative),
        "buttons": _decision_buttons(cooperative),
        "reply_by": _reply_deadline(cooperative),
        "today": vietnam_date(timezone.now()),
        "is_open": cooperative.state in OPEN_STATES,
        "documents": _document_rows(cooperative),
        "members": cooperative.memberships.select_related("user").order_by("pk"),
        "warehouses": cooperative.warehouses.select_related("address").order_by("created_at", "pk"),
        "delivery_methods": cooperative.delivery_methods.order_by("sort_order", "pk"),
        "certificates": cooperative.certificates.filter(replaces=None).order_by("kind", "pk"),
        "commission": rates[cooperative.pk, ""],
        "on_sale": Listing.objects.for_cooperative(cooperative).filter(state=ListingState.PUBLISHED).count(),
        "history": build_change_displays(changes),
    }
    return render(request, "desk/cooperative.html", context, status=status)


def _annotate_checks(cooperatives: QuerySet[Cooperative]) -> Any:
    """Annotate what the checks read, and `applied_at`, when the application was last submitted."""
    submissions = Change.objects.filter(
        kind=Cooperative._meta.label_lower,
        key=Cast(OuterRef("pk"), CharField()),
        action__in=["cooperative.applied", "cooperative.application_resubmitted"],
    )
    submitted_at = submissions.order_by("-created_at", "-pk").values("created_at")[:1]
    return cooperatives.prefetch_related("documents").annotate(
        applied_at=Coalesce(Subquery(submitted_at), F("created_at")),
        has_warehouse=Exists(Warehouse.objects.filter(cooperative=OuterRef("pk"))),
        has_delivery_method=Exists(DeliveryMethod.objects.filter(cooperative=OuterRef("pk"), is_active=True)),
        has_products_on_sale=Exists(
            Listing.objects.filter(product__cooperative=OuterRef("pk"), state=ListingState.PUBLISHED)
        ),
    )


def _reply_deadline(row: Any) -> datetime.date | None:
    """Return the day by which staff promised to answer an application.

    Returns None if the application does not wait for them.
    """
    if row.state != CooperativeState.APPLIED:
        return None
    return add_days_without_holidays(vietnam_date(row.applied_at), REPLY_WORKING_DAYS)


def _document_rows(row: Cooperative) -> list[tuple[DocumentKind, ApplicationDocument | None]]:
    """Return each kind of document that is required or was sent, with the document if it was."""
    documents = {document.kind: document for document in row.documents.all()}
    required = required_kinds(row) if row.state in OPEN_STATES else []
    return [
        (kind, documents.get(kind)) for kind in DocumentKind if kind in required or kind.value in documents
    ]


def _application_checks(row: Any) -> list[ApplicationCheck]:
    """Return the checks that decide on approval."""
    failed = failed_checks(row)
    return [
        _application_check(row, name, label, is_failed=name in failed)
        for name, label in labels_of_checks(row).items()
    ]


def _sales_checks(row: Any) -> list[ApplicationCheck]:
    """Return what the cooperative needs besides approval before buyers can order."""
    checks = [
        _presence_check(_("Warehouse"), row.has_warehouse),
        _presence_check(_("Delivery methods"), row.has_delivery_method),
        _presence_check(_("Products on sale"), row.has_products_on_sale),
    ]
    return checks if any(not check.tone for check in checks) else []


def _application_check(
    row: Cooperative, name: str, label: StrOrPromise, *, is_failed: bool
) -> ApplicationCheck:
    if name == "tax_code" and not row.tax_code:
        return ApplicationCheck(label, "", _("not provided"))
    is_document = name.endswith("_document")
    if not is_failed:
        return ApplicationCheck(label, "good", is_document=is_document)
    document = next((paper for paper in row.documents.all() if name == f"{paper.kind}_document"), None)
    if document is not None and document.is_returned:
        return ApplicationCheck(
            label, "wait", document.get_state_display(), document.pk, is_document=is_document
        )
    if document is not None:
        return ApplicationCheck(
            label, "wait", _("waiting for your review"), document.pk, is_document=is_document
        )
    value = {"phone": row.phone, "tax_code": row.tax_code, "bank_holder": row.bank_account}.get(name)
    note = _("not valid") if value else pgettext("document", "missing")
    return ApplicationCheck(label, "bad", note, is_document=is_document)


def _presence_check(label: StrOrPromise, is_present: bool) -> ApplicationCheck:
    if is_present:
        return ApplicationCheck(label, "good")
    return ApplicationCheck(label, "", pgettext("warehouse", "not yet"))


def _decision_buttons(row: Cooperative) -> list[DecisionButton]:
    """Return the decisions that the cooperative's state allows. Approval waits for the checks."""
    allowed, labels = COOPERATIVE_TRANSITIONS[row.state], labels_of_checks(row)
    buttons = []
    for new_state, (label, css) in DECISION_BUTTONS.items():
        if new_state in allowed:
            is_restoring = new_state == CooperativeState.APPROVED and row.state == CooperativeState.SUSPENDED
            is_first_approval = new_state == CooperativeState.APPROVED and not is_restoring
            missing = [str(labels[name]) for name in failed_checks(row)] if is_first_approval else []
            text = _("Allow sales again") if is_restoring else label
            buttons.append(DecisionButton(new_state.value, text, css, missing))
    return buttons
