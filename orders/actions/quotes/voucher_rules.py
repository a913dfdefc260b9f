"""Check voucher codes: whether a code is refused, and which discount it gives.

This module only reads. Placement reads under the voucher's lock (`orders.locks.lock_voucher`), so that the
counted uses cannot change before the new use is recorded.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from orders.actions.quotes.quote_types import (
    QuotedLine,
    QuotedVoucher,
    QuoteProblem,
    QuoteRequest,
    RequestedDiscount,
    SellerQuote,
)
from orders.models import (
    CostBearer,
    DiscountKind,
    ValueType,
    Voucher,
    VoucherCode,
    VoucherType,
    VoucherUse,
    VoucherValue,
    normalise_voucher_code,
)
from orders.pricing import DiscountInput
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Refused
from shop.core.models import show_in_language
from shop.core.money import percent_of
from shop.core.texts.formatting import format_day, format_money


class VoucherRefused(Refused):
    """The code does not apply to this purchase. The message says why."""

    code = "voucher_refused"
    default_message = _("This code cannot be used here.")


class VoucherCodeUnknown(VoucherRefused):
    code = "voucher_code_unknown"
    default_message = _("This code does not exist. Check the spelling.")


class VoucherNotStarted(VoucherRefused):
    code = "voucher_not_started"


class VoucherEnded(VoucherRefused):
    code = "voucher_ended"


class VoucherUsedUp(VoucherRefused):
    code = "voucher_used_up"
    default_message = _("This code has reached its usage limit.")


class VoucherAlreadyUsed(VoucherRefused):
    code = "voucher_already_used"
    default_message = _("You have already used this code. Each buyer can use it once.")
    # Anybody can enter a stranger's phone number or email address, so only the rule is named.
    once_per_contact = _(
        "Each buyer can use this code once. Orders with the same phone number or email address count"
        " together."
    )


class VoucherOnlyForStaff(VoucherRefused):
    code = "voucher_only_for_staff"
    default_message = _("This code is only valid for orders that our staff create for you.")


class VoucherNotForCountry(VoucherRefused):
    code = "voucher_not_for_country"
    default_message = _("This code is not valid for the country you are sending to.")


class VoucherNotForProducts(VoucherRefused):
    code = "voucher_not_for_products"
    default_message = _("This code does not apply to any item in your basket.")


class VoucherMinimumNotReached(VoucherRefused):
    """The covered lines fall short of the minimum by `details["missing"]` minor units."""

    code = "voucher_minimum_not_reached"


class VoucherQuantityTooLow(VoucherRefused):
    """The covered lines fall short of the minimum by `details["missing"]` sales units."""

    code = "voucher_quantity_too_low"


@dataclass(frozen=True, slots=True)
class _EnteredVoucher:
    """One code and one purchase. `lines` are the lines that the voucher covers."""

    voucher: Voucher
    code: VoucherCode
    value: VoucherValue
    lines: Sequence[QuotedLine]
    quote_request: QuoteRequest
    now: datetime.datetime


def quote_voucher(
    quote_request: QuoteRequest, seller_quotes: Sequence[SellerQuote], *, now: datetime.datetime
) -> QuotedVoucher | None:
    """Return the entered code's effect on these sellers' lines, or None without a code."""
    code_text = normalise_voucher_code(quote_request.voucher_code)
    if not code_text:
        return None
    code = _find_code(code_text, quote_request)
    value = next(iter(code.voucher.values.all()), None) if code else None
    if code is None or value is None:
        return QuotedVoucher(code_text, refusal=VoucherCodeUnknown(field="code"))
    voucher = code.voucher
    show_in_language([voucher], "name")
    entered = _EnteredVoucher(
        voucher=voucher,
        code=code,
        value=value,
        lines=_covered_lines(voucher, quote_request, seller_quotes),
        quote_request=quote_request,
        now=now,
    )
    refusals = (find_refusal(entered) for find_refusal in _REFUSAL_FINDERS)
    refusal = next((refusal for refusal in refusals if refusal is not None), None)
    return QuotedVoucher(
        code=code.code,
        name=voucher.name,
        code_id=code.pk,
        voucher_id=voucher.pk,
        bearing_cooperative=voucher.cooperative if voucher.bearer == CostBearer.COOPERATIVE else None,
        discount=None if refusal else _build_discount(entered),
        refusal=refusal,
    )


def _find_code(code_text: str, quote_request: QuoteRequest) -> VoucherCode | None:
    return (
        VoucherCode.objects.filter(code=code_text, is_active=True)
        .select_related("voucher", "voucher__cooperative")
        .prefetch_related(
            Prefetch("voucher__values", VoucherValue.objects.filter(channel=quote_request.channel)),
            "voucher__products",
            "voucher__variants",
            "voucher__categories",
        )
        .first()
    )


def _covered_lines(
    voucher: Voucher, quote_request: QuoteRequest, seller_quotes: Sequence[SellerQuote]
) -> list[QuotedLine]:
    """Return the sellable lines that a voucher covers."""
    return [
        line
        for seller_quote in seller_quotes
        if voucher.cooperative_id in (None, seller_quote.cooperative.pk)
        for line in seller_quote.lines
        if quote_request.is_by_staff or QuoteProblem.NOT_FOR_SALE not in line.problems
        if voucher.type != VoucherType.SPECIFIC_PRODUCT or _is_line_covered(voucher, line)
    ]


def _is_line_covered(voucher: Voucher, line: QuotedLine) -> bool:
    """Return whether a voucher for certain products covers this line, by variant, product or category."""
    product = line.variant.product
    path = (product.category.path or "") if product.category else ""
    return (
        any(covered.pk == line.variant.pk for covered in voucher.variants.all())
        or any(covered.pk == product.pk for covered in voucher.products.all())
        or any(covered.path and path.startswith(covered.path) for covered in voucher.categories.all())
    )


def _find_date_refusal(entered: _EnteredVoucher) -> Refused | None:
    voucher = entered.voucher
    if entered.now < voucher.starts_at:
        return VoucherNotStarted(
            _("This code is valid from %(day)s.") % {"day": format_day(vietnam_date(voucher.starts_at))},
            field="code",
        )
    if voucher.last_moment is not None and not voucher.is_valid_at(entered.now):
        return VoucherEnded(
            _("This code expired on %(day)s.") % {"day": format_day(vietnam_date(voucher.last_moment))},
            field="code",
        )
    return None


def _find_staff_only_refusal(entered: _EnteredVoucher) -> Refused | None:
    return (
        VoucherOnlyForStaff(field="code")
        if entered.voucher.only_for_staff and not entered.quote_request.is_by_staff
        else None
    )


def _find_uses_refusal(entered: _EnteredVoucher) -> Refused | None:
    """Return the refusal if a usage limit is reached, by counting rows."""
    voucher = entered.voucher
    if not voucher.is_limited:
        return None
    uses = VoucherUse.objects.filter(code__voucher=voucher)
    if voucher.usage_limit is not None and uses.count() >= voucher.usage_limit:
        return VoucherUsedUp(field="code")
    if voucher.single_use and uses.filter(code=entered.code).exists():
        return VoucherUsedUp(field="code")
    buyer = entered.quote_request.buyer
    if not voucher.apply_once_per_customer:
        return None
    if buyer.user_id is not None and uses.of_buyer(buyer.user_id, "", "").exists():
        return VoucherAlreadyUsed(field="code")
    if uses.of_buyer(None, buyer.phone, buyer.email.strip()).exists():
        return VoucherAlreadyUsed(VoucherAlreadyUsed.once_per_contact, field="code")
    return None


def _find_country_refusal(entered: _EnteredVoucher) -> Refused | None:
    countries = entered.voucher.countries
    return (
        VoucherNotForCountry(field="code")
        if countries and entered.quote_request.country not in countries
        else None
    )


def _find_uncovered_refusal(entered: _EnteredVoucher) -> Refused | None:
    if entered.lines:
        return None
    cooperative = entered.voucher.cooperative
    if cooperative is not None and entered.voucher.type != VoucherType.SPECIFIC_PRODUCT:
        message = _("This code is for products from %(name)s, and your basket has none.")
        return VoucherNotForProducts(message % {"name": cooperative.name}, field="code")
    return VoucherNotForProducts(field="code")


def _find_minimum_refusal(entered: _EnteredVoucher) -> Refused | None:
    """Return the refusal if the covered lines do not reach the minimum quantity or amount."""
    minimum_quantity = entered.voucher.minimum_quantity or 0
    missing_quantity = minimum_quantity - sum(line.requested.quantity for line in entered.lines)
    if missing_quantity > 0:
        message = _("Add %(missing)s more of these items to use the code.")
        return VoucherQuantityTooLow(
            message % {"missing": missing_quantity}, field="code", missing=missing_quantity
        )
    minimum_amount = entered.value.minimum_spent or 0
    # This is the amount that pages show, so that a buyer who sees the minimum reached gets the discount.
    missing_amount = minimum_amount - sum(line.maximum_total for line in entered.lines)
    if missing_amount > 0:
        return VoucherMinimumNotReached(
            _explain_missing_amount(entered, minimum_amount, missing_amount),
            field="code",
            missing=missing_amount,
        )
    return None


def _explain_missing_amount(entered: _EnteredVoucher, minimum: int, missing: int) -> str:
    """Return the refusal as a sentence with the minimum, the amount that counts, and what is missing."""
    if entered.voucher.cooperative is not None or entered.voucher.type == VoucherType.SPECIFIC_PRODUCT:
        message = _(
            "This code needs %(minimum)s of the items it applies to; your basket has %(amount)s. "
            "Spend %(missing)s more on them."
        )
    else:
        message = _(
            "This code needs an order of %(minimum)s; your basket has %(amount)s. Spend %(missing)s more."
        )
    currency = entered.value.currency
    counted = format_money(minimum - missing, currency)
    if any(line.variant.is_sold_by_weight for line in entered.lines):
        counted = str(_("at most %(amount)s") % {"amount": counted})
    if any(line.unit_price < line.unit_list_price for line in entered.lines):
        counted = f"{counted} ({_('after price cuts')})"
    return str(message) % {
        "minimum": format_money(minimum, currency),
        "amount": counted,
        "missing": format_money(missing, currency),
    }


_REFUSAL_FINDERS: tuple[Callable[[_EnteredVoucher], Refused | None], ...] = (
    _find_date_refusal,
    _find_staff_only_refusal,
    _find_uses_refusal,
    _find_country_refusal,
    _find_uncovered_refusal,
    _find_minimum_refusal,
)


def _build_discount(entered: _EnteredVoucher) -> RequestedDiscount:
    voucher, value = entered.voucher, entered.value.value
    is_percent = voucher.value_type == ValueType.PERCENTAGE
    percent = value if is_percent else None
    amount = None if is_percent else int(value)
    if voucher.type == VoucherType.SHIPPING:
        cooperatives = None if voucher.cooperative_id is None else frozenset({voucher.cooperative_id})
        terms = DiscountInput(
            entered.code.pk, percent, amount, is_for_delivery=True, cooperative_ids=cooperatives
        )
    elif voucher.apply_once_per_order:
        terms = _discount_on_cheapest(entered, percent, amount)
    else:
        terms = DiscountInput(
            entered.code.pk, percent, amount, lines=frozenset(line.requested.key for line in entered.lines)
        )
    return RequestedDiscount(
        terms,
        DiscountKind.VOUCHER,
        CostBearer(voucher.bearer),
        name=voucher.name or entered.code.code,
        source_key=f"voucher:{voucher.pk}",
    )


def _discount_on_cheapest(
    entered: _EnteredVoucher, percent: Decimal | None, amount: int | None
) -> DiscountInput:
    """Return a once-per-order discount, which lowers one sales unit of the cheapest line, as in Saleor."""
    line = min(entered.lines, key=lambda line: line.unit_price)
    discount_amount = (
        percent_of(line.unit_price, percent) if percent is not None else min(amount or 0, line.unit_price)
    )
    return DiscountInput(entered.code.pk, amount=discount_amount, lines=frozenset({line.requested.key}))
