"""Payouts at the desk: bank transfer list, QR code of each, and recording that they were sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orders.actions.payouts.bank_accounts import (
    account_of_cooperative,
    set_payout_account,
    use_current_cooperative_account,
)
from orders.actions.payouts.complete_payouts import mark_payout_paid
from orders.actions.payouts.proposals import filter_confirmed_payouts, is_payout_confirmed
from orders.actions.payouts.undo_payouts import undo_payout_paid
from orders.models import Approval, Payout, PayoutMethod
from orders.payments.banks import find_bank
from orders.payments.vietqr import InvalidPayload, build_qr_text, qr_svg
from orders.states import PayoutState
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Refused
from shop.core.models import Change, bind_idempotency_key
from shop.core.texts.formatting import format_money, format_sums
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.forms import submitted_reason
from shop.desk.money.money_forms import PayoutAccountForm, PayoutPaymentForm
from shop.desk.money.payout_references import (
    find_earlier_uses,
    needs_confirmation,
    read_chosen_payouts,
    reference_errors,
)
from shop.desk.money.payout_rows import (
    account_proposal_of,
    build_payout_rows,
    find_account_proposals,
    find_undo_deadline,
    has_other_account,
    recipient_text,
    sums_of_payouts,
)
from shop.history.change_displays import build_change_displays
from shop.reports.payouts import bank_list
from shop.reports.report_files import as_xlsx
from shop.reports.settlement_documents import XLSX
from shop.staff_pages import staff_only

PER_PAGE = 50
_MAX_NAMED = 3
_RECIPIENT_RELATIONS = ("settlement__cooperative", "refund__order", "transfer__order")


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def list_payouts(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List due payouts, oldest first. With `?xem=xong` list paid ones, newest first."""
    return _render_payouts(request)


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def download_due_payouts(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Export all due payouts with an account as a file for the bank."""
    due_payouts = Payout.objects.due().not_held(timezone.now())
    due_payouts = due_payouts.filter(method=PayoutMethod.BANK, currency="VND").exclude(bank_account="")
    due_payouts = due_payouts.filter(pk__in=[row.pk for row in filter_confirmed_payouts(due_payouts)])
    name = f"chi-tien-{vietnam_date(timezone.now()):%Y-%m-%d}.xlsx"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(as_xlsx([bank_list(due_payouts)]), content_type=XLSX, headers=headers)


@require_safe_or_post
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def mark_payouts_paid(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Mark chosen payouts as paid, each under its own reference or all under the file's.

    If the form asks for a check, or a reference edited after the check was used before, show what would be
    recorded instead. A missing reference is refused in place, and so is one of a payout that is not chosen.
    """
    if request.method != "POST":
        return redirect("desk:payouts")
    now, paid_ids = timezone.now(), []
    chosen_payouts = read_chosen_payouts(request)
    errors = reference_errors(request, chosen_payouts)
    if errors:
        return _render_payouts(request, chosen_payouts, errors)
    if chosen_payouts and needs_confirmation(request, chosen_payouts):
        fields = [("idempotency_key", request.POST.get("idempotency_key", ""))]
        fields += [("payout", str(payout_id)) for payout_id in chosen_payouts]
        return _render_confirmation(
            request, chosen_payouts, fields, url=request.path, back=reverse("desk:payouts")
        )
    for payout_id, reference in chosen_payouts.items():
        idempotency_key = bind_idempotency_key(
            request.POST.get("idempotency_key", ""), "desk", "paid", payout_id.hex
        )
        try:
            mark_payout_paid(
                payout_id=payout_id,
                reference=reference,
                idempotency_key=idempotency_key,
                actor=actor,
                now=now,
            )
        except Refused as refused:
            messages.error(request, str(refused.message))
        else:
            paid_ids.append(payout_id)
    if paid_ids:
        messages.success(request, _build_paid_message(paid_ids))
        return redirect(f"{reverse('desk:payouts')}?xem=xong")
    if not chosen_payouts:
        messages.error(request, _("Choose the payments that were made."))
    return redirect("desk:payouts")


def _build_paid_message(payout_ids: Sequence[uuid.UUID]) -> str:
    """Return who was paid how much, and in all."""
    payouts_by_id = Payout.objects.select_related(*_RECIPIENT_RELATIONS).in_bulk(payout_ids)
    payouts = [payouts_by_id[payout_id] for payout_id in payout_ids]
    named = [
        _("%(amount)s to %(name)s")
        % {"amount": format_money(payout.amount, payout.currency), "name": recipient_text(payout)}
        for payout in payouts[:_MAX_NAMED]
    ]
    if len(payouts) == 1:
        return _("Marked as paid: %(payment)s.") % {"payment": named[0]}
    total = format_sums(sums_of_payouts(payouts))
    listed = ", ".join([*named, *(["…"] if len(payouts) > _MAX_NAMED else [])])
    text = _("%(count)s payments of %(total)s marked as paid: %(payments)s.")
    return text % {"count": len(payouts), "total": total, "payments": listed}


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def show_payout(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Show a payout: QR code, and forms for the payment and the account."""
    return _render_payout(request, pk)


@require_safe_or_post
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def mark_payout_paid_view(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Mark a payout as paid, or show what would be recorded, as for several payouts."""
    if request.method != "POST":
        return redirect("desk:payout", pk)
    form = PayoutPaymentForm(request.POST)
    if not form.is_valid():
        return _render_payout(request, pk, payment_form=form)
    idempotency_key = bind_idempotency_key(str(form.cleaned_data["idempotency_key"]), "desk", "paid", pk.hex)
    reference = form.cleaned_data["reference"]
    page = reverse("desk:payout", args=[pk])
    if needs_confirmation(request, {pk: reference}):
        fields = [("idempotency_key", str(form.cleaned_data["idempotency_key"]))]
        return _render_confirmation(request, {pk: reference}, fields, url=request.path, back=page)
    action = partial(
        mark_payout_paid,
        payout_id=pk,
        reference=reference,
        idempotency_key=idempotency_key,
        actor=actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=page, message=lambda _payout: _build_paid_message([pk]))


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def undo_payout_paid_view(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Take back that a payout was marked as paid."""
    action = partial(
        undo_payout_paid, payout_id=pk, reason=submitted_reason(request.POST), actor=actor, now=timezone.now()
    )
    return run_action(
        request,
        action,
        url=reverse("desk:payout", args=[pk]),
        message=_("Taken back: the payment is due again, and the cooperative has been told."),
    )


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def change_payout_account(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Change a payout's account to the cooperative's current one or to the one entered."""
    page = reverse("desk:payout", args=[pk])
    if "follow" in request.POST:
        action: Callable[[], object] = partial(
            use_current_cooperative_account, payout_id=pk, actor=actor, now=timezone.now()
        )
        return run_action(
            request, action, url=page, message=_("The payment will go to the account now on file.")
        )
    form = PayoutAccountForm(request.POST)
    if not form.is_valid():
        return _render_payout(request, pk, account_form=form)
    action = partial(set_payout_account, payout_id=pk, account=form.account, actor=actor, now=timezone.now())
    return run_action(request, action, url=page, message=_("Account saved."))


def _render_confirmation(
    request: HttpRequest,
    references: Mapping[uuid.UUID, str],
    fields: Sequence[tuple[str, str]],
    *,
    url: str,
    back: str,
) -> HttpResponse:
    """Show the payouts that are about to be recorded as sent, their total, and references used before."""
    payouts = list(
        Payout.objects.due().filter(pk__in=references).select_related(*_RECIPIENT_RELATIONS).order_by("pk")
    )
    if not payouts:
        messages.error(request, _("These payments are already marked as paid."))
        return redirect(back)
    used_before = find_earlier_uses(references.values(), references).select_related(*_RECIPIENT_RELATIONS)
    context = {
        "rows": [(payout, find_bank(payout.bank_bin), references[payout.pk].strip()) for payout in payouts],
        "totals": sums_of_payouts(payouts),
        "account_proposals": [
            (proposal, find_bank(proposal.proposed_values.get("bank_bin", "")))
            for proposal in find_account_proposals(payouts, timezone.now()).values()
        ],
        "used_before": used_before.order_by("-paid_at", "-pk"),
        "fields": fields,
        "has_own_references": "payout" in dict(fields),
        "url": url,
        "back": back,
    }
    return render(request, "desk/payout_confirmation.html", context)


def _render_payouts(
    request: HttpRequest,
    chosen_payouts: Mapping[uuid.UUID, str] | None = None,
    errors: Mapping[uuid.UUID, str] | None = None,
) -> HttpResponse:
    """Show the list of payouts. After errors it keeps the ticks and references, and says what is wrong."""
    errors = errors or {}
    is_paid, now = request.GET.get("xem") == "xong", timezone.now()
    payouts = Payout.objects.select_related(*_RECIPIENT_RELATIONS)
    payouts = (
        payouts.filter(state=PayoutState.PAID).order_by("-paid_at", "-pk")
        if is_paid
        else payouts.filter(state=PayoutState.DUE).order_by("created_at", "pk")
    )
    page = Paginator(payouts, PER_PAGE).get_page(request.GET.get("page"))
    listed = list(page.object_list)
    rows = build_payout_rows(
        listed,
        chosen_ids=chosen_payouts or {},
        references=request.POST,
        errors=errors,
        now=now,
    )
    counted_payouts = [row.payout for row in rows if is_paid or row.is_payable]
    context = {
        "is_paid": is_paid,
        "page": page,
        "rows": rows,
        "idempotency_key": request.POST.get("idempotency_key") or uuid.uuid4(),
        "has_errors": bool(errors),
        "first_error": next((row.payout.pk for row in rows if row.error), None),
        "common_reference": request.POST.get("reference", ""),
        "totals": sums_of_payouts(counted_payouts),
        "has_bank_file": not is_paid and any(row.is_payable and _is_in_bank_file(row.payout) for row in rows),
    }
    return render(request, "desk/payouts.html", context, status=422 if errors else 200)


def _is_in_bank_file(payout: Payout) -> bool:
    return payout.method == PayoutMethod.BANK and payout.currency == "VND" and bool(payout.bank_account)


def _render_payout(
    request: HttpRequest,
    pk: uuid.UUID,
    *,
    payment_form: PayoutPaymentForm | None = None,
    account_form: PayoutAccountForm | None = None,
) -> HttpResponse:
    payout = get_object_or_404(Payout.objects.select_related(*_RECIPIENT_RELATIONS), pk=pk)
    proposal_of_account = (
        account_proposal_of(payout, find_account_proposals([payout], timezone.now()))
        if payout.state == PayoutState.DUE
        else None
    )
    context = {
        "undoable_until": find_undo_deadline(payout, timezone.now()),
        "payout": payout,
        "bank": find_bank(payout.bank_bin),
        "code": _build_qr_code(payout),
        "is_payout_confirmed": is_payout_confirmed(payout),
        "proposal": Approval.objects.waiting(timezone.now()).filter(payout=payout).first(),
        "is_held": payout.state == PayoutState.DUE and payout.is_held(timezone.now()),
        "has_other_account": has_other_account(payout),
        "account_proposal": proposal_of_account,
        "proposed_bank": find_bank(proposal_of_account.proposed_values.get("bank_bin", ""))
        if proposal_of_account
        else None,
        "current_account": account_of_cooperative(payout.settlement.cooperative)
        if payout.settlement
        else None,
        "form": account_form if account_form is not None and account_form.errors else payment_form,
        "payment_form": payment_form or PayoutPaymentForm(initial={"idempotency_key": uuid.uuid4()}),
        "account_form": account_form or PayoutAccountForm(),
        "history": build_change_displays(
            (Change.objects.of_row(payout) | Change.objects.of_row_and_parts(payout)).newest_first()
        ),
    }
    status = 422 if (payment_form or account_form) else 200
    return render(request, "desk/payout.html", context, status=status)


def _build_qr_code(payout: Payout) -> SafeString | None:
    """Return the payout's VietQR code, or None if it is held or its account cannot be encoded."""
    is_due = (
        payout.state == PayoutState.DUE and _is_in_bank_file(payout) and not payout.is_held(timezone.now())
    )
    if not is_due or not is_payout_confirmed(payout):
        return None
    try:
        payload = build_qr_text(
            bank=payout.bank_bin, account=payout.bank_account, amount=payout.amount, note=payout.note
        )
    except InvalidPayload:
        return None
    return qr_svg(payload, title=_("QR code to pay with your banking app"))
