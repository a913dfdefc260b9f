"""The debt book: who owes the cooperative, sales on account, payments, corrections, statements."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.customers.debt_entries import correct_debt, record_debt_payment, record_sale_on_account
from orders.models import CooperativeCustomer, DebtPaymentMethod
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.http_methods import require_safe_or_post
from shop.members.customers.debt_book import (
    age_groups,
    ageing_of_debtors,
    find_debtor,
    load_debtors,
    load_statement,
    reminder_text,
)
from shop.members.forms.debts import (
    DebtCorrectionForm,
    DebtPaymentForm,
    SaleOnAccountForm,
    StatementDaysForm,
)
from shop.members.member_access import for_members, render_page, submitted_key

PER_PAGE = 40


@require_safe
@for_members(MemberRight.HANDLE_CASH)
def show_debt_book(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Show what all customers owe by age, and each of them, oldest debt first."""
    today = vietnam_date(timezone.now())
    debtors = load_debtors(membership.cooperative, today)
    ageing = ageing_of_debtors(debtors, today)
    page = Paginator(debtors, PER_PAGE).get_page(request.GET.get("page"))
    in_credit = CooperativeCustomer.objects.for_cooperative(membership.cooperative).in_credit().in_order()
    context = {
        "ageing": ageing,
        "age_groups": age_groups(ageing),
        "debtors": list(page.object_list),
        "page": page,
        "currency": debtors[0].customer.currency if debtors else "",
        "in_credit": list(in_credit) if page.number == 1 else [],
    }
    return render_page(request, membership, "members/debt_book.html", context)


@require_safe
@for_members(MemberRight.HANDLE_CASH)
def show_customer_debt(request: HttpRequest, membership: MembershipContext, customer_id: int) -> HttpResponse:
    """Show a customer's debt, its entries, newest first, and the reminder to send."""
    customer, today = _find_customer(membership, customer_id), vietnam_date(timezone.now())
    entries = customer.debt_entries.with_running_balance().order_by("-happened_on", "-pk")
    page = Paginator(entries, PER_PAGE).get_page(request.GET.get("page"))
    debtor, debt = find_debtor(customer, today), customer.debt_entries.balance()
    context = {
        "customer": customer,
        "debt": debt,
        "credit": max(0, -debt),
        "debtor": debtor,
        "entries": list(page.object_list),
        "page": page,
        "reminder": reminder_text(debtor, membership.cooperative) if debtor else "",
        "may_correct": membership.may(MemberRight.SEE_SETTLEMENTS),
    }
    return render_page(request, membership, "members/customer_debt.html", context)


@require_safe
@for_members(MemberRight.HANDLE_CASH)
def print_statement(request: HttpRequest, membership: MembershipContext, customer_id: int) -> HttpResponse:
    """Show a customer's statement for printing. `?tu=` and `?den=` are its first and last day."""
    customer, today = _find_customer(membership, customer_id), vietnam_date(timezone.now())
    form = StatementDaysForm(request.GET)
    days = form.cleaned_data if form.is_valid() else {}
    debtor = find_debtor(customer, today)
    context = {
        "form": form,
        "customer": customer,
        "statement": load_statement(customer, days.get("from_day"), days.get("until_day") or today),
        "reminder": reminder_text(debtor, membership.cooperative) if debtor else "",
        "printed_on": today,
    }
    return render_page(request, membership, "members/debt_statement.html", context)


@require_safe_or_post
@for_members(MemberRight.HANDLE_CASH)
def sell_on_account(request: HttpRequest, membership: MembershipContext, customer_id: int) -> HttpResponse:
    """Record a sale on account."""
    customer, now = _find_customer(membership, customer_id), timezone.now()
    form = SaleOnAccountForm(request.POST or None, initial={"happened_on": vietnam_date(now)})

    def record() -> None:
        record_sale_on_account(
            cooperative=membership.cooperative,
            customer_id=customer.pk,
            **form.cleaned_data,
            idempotency_key=submitted_key(request, "debt-sale", customer.pk),
            actor=membership.actor,
            now=now,
        )

    return _record_entry(
        request, membership, customer, form, record, heading=_("Sell on account"), button=_("Save the sale")
    )


@require_safe_or_post
@for_members(MemberRight.HANDLE_CASH)
def take_debt_payment(request: HttpRequest, membership: MembershipContext, customer_id: int) -> HttpResponse:
    """Record a payment of a customer's debt."""
    customer, now = _find_customer(membership, customer_id), timezone.now()
    initial = {"happened_on": vietnam_date(now), "method": DebtPaymentMethod.CASH}
    form = DebtPaymentForm(request.POST or None, initial=initial)

    def record() -> None:
        values = form.cleaned_data
        record_debt_payment(
            cooperative=membership.cooperative,
            customer_id=customer.pk,
            amount=values["amount"],
            method=DebtPaymentMethod(values["method"]),
            happened_on=values["happened_on"],
            note=values["note"],
            confirmation_token=values["confirmed"],
            idempotency_key=submitted_key(request, "debt-payment", customer.pk),
            actor=membership.actor,
            now=now,
        )

    return _record_entry(
        request, membership, customer, form, record, heading=_("Take a payment"), button=_("Save the payment")
    )


@require_safe_or_post
@for_members(MemberRight.SEE_SETTLEMENTS)
def correct_customer_debt(
    request: HttpRequest, membership: MembershipContext, customer_id: int
) -> HttpResponse:
    """Correct a customer's debt with a reason."""
    customer = _find_customer(membership, customer_id)
    form = DebtCorrectionForm(request.POST or None)

    def record() -> None:
        correct_debt(
            cooperative=membership.cooperative,
            customer_id=customer.pk,
            amount=form.signed_amount,
            reason=form.cleaned_data["reason"],
            confirmation_token=form.cleaned_data["confirmed"],
            idempotency_key=submitted_key(request, "debt-correction", customer.pk),
            actor=membership.actor,
            now=timezone.now(),
        )

    return _record_entry(
        request,
        membership,
        customer,
        form,
        record,
        heading=_("Correct the debt"),
        button=_("Save correction"),
    )


def _record_entry(
    request: HttpRequest,
    membership: MembershipContext,
    customer: CooperativeCustomer,
    form: Form,
    record: Callable[[], None],
    *,
    heading: Promise,
    button: Promise,
) -> HttpResponse:
    """Record a valid entry and redirect to the customer's debt, or show the form."""
    if form.is_valid():
        with refusals_as_form_errors(form):
            record()
            messages.success(request, _("Written in the debt book."))
            is_kept = CooperativeCustomer.objects.filter(pk=customer.pk, erased_at=None).exists()
            return (
                redirect("members:customer-debt", customer.pk) if is_kept else redirect("members:debt-book")
            )
    debt = customer.debt_entries.balance()
    context = {
        "customer": customer,
        "debt": debt,
        "credit": max(0, -debt),
        "form": form,
        "heading": heading,
        "button": button,
        "idempotency_key": uuid.uuid4(),
    }
    return render_page(request, membership, "members/debt_entry.html", context)


def _find_customer(membership: MembershipContext, customer_id: int) -> CooperativeCustomer:
    """Return the cooperative's customer. Raises Missing."""
    customers = CooperativeCustomer.objects.for_cooperative(membership.cooperative)
    customer = customers.filter(pk=customer_id).first()
    if customer is None:
        raise Missing()
    return customer
