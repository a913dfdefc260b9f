"""The platform's payment settings: bank account, payment time and complaint periods."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orders.actions.payouts.payment_settings import change_market_account, change_market_deadlines
from orders.models import Order
from orders.payments.transfer_instructions import build_transfer_instructions
from orders.payments.vietqr import qr_svg
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.models import Change, Channel, ShopSettings, shop_settings
from shop.core.web.action_results import run_action
from shop.desk.money.market_forms import MarketAccountForm, MarketTimesForm
from shop.history.change_displays import build_change_displays
from shop.staff_pages import staff_only

SAMPLE_SUM = 10_000


@require_safe
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def show_market_settings(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the settings, with a sample QR code."""
    return _render_page(request)


@require_POST
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def edit_bank_account(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Change or remove the bank account."""
    form = MarketAccountForm(request.POST)
    if form.is_valid():
        try:
            proposal = change_market_account(account=form.new_account, actor=actor, now=timezone.now())
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused.message))
        else:
            saved_message = _("Account saved. Scan the sample code before you continue.")
            messages.success(
                request, saved_message if proposal is None else _("Waiting for a second person to confirm.")
            )
            return redirect("desk:settings")
    return _render_page(request, account=form)


@require_POST
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def edit_deadlines(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Change the payment time and the complaint periods."""
    form = MarketTimesForm(request.POST, shop=shop_settings(), channels=_read_channels())
    if not form.is_valid():
        return _render_page(request, times=form)
    action = partial(change_market_deadlines, **form.deadlines, actor=actor, now=timezone.now())
    return run_action(request, action, url=request.path.removesuffix("thoi-han/"), message=_("Saved."))


def _render_page(
    request: HttpRequest, *, account: MarketAccountForm | None = None, times: MarketTimesForm | None = None
) -> HttpResponse:
    shop = shop_settings()
    sample = build_transfer_instructions(shop, amount=SAMPLE_SUM, note="THU MA")
    context: dict[str, object] = {
        "form": account or times,
        "account_form": account or MarketAccountForm(initial=MarketAccountForm.initial_of(shop)),
        "times_form": times or MarketTimesForm(shop=shop, channels=_read_channels()),
        "sample": sample,
        "drawing": qr_svg(sample.payload, title=_("Sample VietQR code")) if sample else "",
        "waiting_order_count": Order.objects.waiting_for_transfer().count(),
        "history": build_change_displays(Change.objects.of_row_and_parts(ShopSettings(pk=1)).newest_first()),
    }
    return render(request, "desk/settings.html", context, status=422 if account or times else 200)


def _read_channels() -> list[Channel]:
    return list(Channel.objects.order_by("pk"))
