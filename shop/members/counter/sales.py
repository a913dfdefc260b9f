"""Sell at a till: keys of the goods, weights, the cash given and its change."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django_htmx.http import HttpResponseClientRedirect

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.counter.quote_sale import EmptySale, SaleQuote, quote_sale
from orders.actions.counter.record_sale import record_sale
from orders.actions.counter.sale_discounts import SaleDiscount
from orders.actions.fulfilment.lot_picks import ExpiredLot
from orders.models import CounterSale, Shift
from shop.core.errors import Forbidden, Missing, Refused
from shop.core.models import market_channel
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.http_methods import require_safe_or_post
from shop.members.counter.draft_sale import DraftLine, read_draft_lines
from shop.members.counter.goods_keys import load_goods_keys
from shop.members.counter.tills import find_till
from shop.members.forms.counter import SaleForm
from shop.members.member_access import bind_form_key, for_members, render_page

# Customers round up to one of these, in minor units.
_ROUND_SUMS: Mapping[str, tuple[int, ...]] = {"VND": (10_000, 50_000, 100_000, 200_000, 500_000)}
_MAX_NOTE_KEYS = 4


@dataclass(frozen=True, slots=True)
class _PricedLine:
    """A line on the screen with what it costs, or None while something is missing. `number` counts from 1."""

    number: int
    draft: DraftLine
    amount: int | None

    @property
    def prefix(self) -> str:
        """The beginning of the names of its fields."""
        return f"line-{self.number - 1}"


@require_safe_or_post
@for_members(MemberRight.SELL)
def sell_goods(request: HttpRequest, membership: MembershipContext, till_id: int) -> HttpResponse:
    """Show the till with the sale so far, or record the sale. Every key sends the whole form."""
    till = find_till(membership, till_id)
    shift = till.shifts.open().select_related("cashier").first()
    if shift is None:
        return redirect("members:till", till.pk)
    shift.till = till
    posted = request.POST.dict()
    if "give" in posted:
        posted["cash_given"] = posted["give"]
    drafts = read_draft_lines(membership.cooperative, posted)
    form = SaleForm(posted or None, initial={"idempotency_key": uuid.uuid4()})
    if "sell" in posted and form.is_valid():
        sale = _sell(membership, shift, drafts, form)
        if sale is not None:
            url = reverse("members:receipt", args=[sale.pk])
            return HttpResponseClientRedirect(url) if is_sent_by_script(request) else redirect(url)
    return _render_till(request, membership, shift, drafts, form, is_refused="sell" in posted)


def _sell(
    membership: MembershipContext, shift: Shift, drafts: Sequence[DraftLine], form: SaleForm
) -> CounterSale | None:
    """Record the sale, or add the reason why not to the form."""
    lines = [draft.line for draft in drafts if draft.line is not None]
    if len(lines) < len(drafts):
        return None
    with refusals_as_form_errors(form):
        try:
            return record_sale(
                cooperative=membership.cooperative,
                shift_id=shift.pk,
                lines=lines,
                discount=form.granted_discount,
                role=membership.role,
                cash_given=form.cash_given_or_total,
                agreed_total=form.cleaned_data["agreed_total"] or 0,
                expired_lot_reason=form.cleaned_data["expired_lot_reason"],
                confirmation_token=form.cleaned_data["confirmed"],
                language=get_language() or "vi",
                idempotency_key=bind_form_key(
                    str(form.cleaned_data["idempotency_key"]), "counter-sale", shift.till_id
                ),
                actor=membership.actor,
                now=timezone.now(),
            )
        except ExpiredLot as expired:
            form.add_error("expired_lot_reason", str(expired.message))
    return None


def _render_till(
    request: HttpRequest,
    membership: MembershipContext,
    shift: Shift,
    drafts: Sequence[DraftLine],
    form: SaleForm,
    *,
    is_refused: bool,
) -> HttpResponse:
    channel = market_channel()
    if channel is None:
        raise Missing()
    now = timezone.now()
    discount = form.granted_discount if form.is_bound and form.is_valid() else None
    priced, refusal = _quote(membership, drafts, discount)
    if refusal is not None and not is_refused:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
    amounts = iter(priced.amounts if priced else ())
    text = request.POST.get("q", "")[:100]
    total = priced.total if priced else 0
    context = {
        "till": shift.till,
        "shift": shift,
        "keys": load_goods_keys(membership.cooperative, channel, text, now=now),
        "text": text,
        "rows": [
            _PricedLine(number, draft, next(amounts, None) if draft.line is not None else None)
            for number, draft in enumerate(drafts, start=1)
        ],
        "form": form,
        "total": total,
        "currency": channel.currency,
        "note_keys": suggest_cash(total, channel.currency),
        "change": _change(form, total),
        "is_complete": bool(drafts) and all(draft.line is not None for draft in drafts),
    }
    status = 422 if is_refused and not is_sent_by_script(request) else 200
    return render_page(request, membership, "members/sale.html", context, status=status)


def _quote(
    membership: MembershipContext, drafts: Sequence[DraftLine], discount: SaleDiscount | None
) -> tuple[SaleQuote | None, Refused | None]:
    """Price the complete lines, without the discount if that is refused. Return also the refusal."""
    lines = [draft.line for draft in drafts if draft.line is not None]
    refusal: Refused | None = None
    for granted in [discount, None] if discount else [None]:
        try:
            priced = quote_sale(
                cooperative=membership.cooperative,
                lines=lines,
                discount=granted,
                role=membership.role,
                now=timezone.now(),
            )
        except (Missing, Forbidden):
            raise
        except EmptySale:
            return None, None
        except Refused as refused:
            refusal = refusal or refused
        else:
            return priced, refusal
    return None, refusal


def suggest_cash(total: int, currency: str) -> list[int]:
    """Return sums above the total that a customer is likely to give, the smallest first."""
    sums = {-(-total // rounded) * rounded for rounded in _ROUND_SUMS.get(currency, ())}
    return sorted(amount for amount in sums if amount > total)[:_MAX_NOTE_KEYS]


def _change(form: SaleForm, total: int) -> int | None:
    """Return the change for the cash entered so far, or None without enough cash."""
    given: Mapping[str, object] = getattr(form, "cleaned_data", {})
    cash = given.get("cash_given")
    return cash - total if isinstance(cash, int) and cash >= total > 0 else None


def is_sent_by_script(request: HttpRequest) -> bool:
    """Return whether htmx sent the form. It shows no answer with an error's status."""
    return "HX-Request" in request.headers
