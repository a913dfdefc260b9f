"""What a voucher's code does to a purchase: the rules of vouchers, all of them.

Reading only. Who places an order reads under the voucher's lock (`orders.locks.lock_voucher`), so that
what is counted here still stands when the use is written down.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from orders.actions.quotes.quote_types import (
    Problem,
    QuotedLine,
    QuotedVoucher,
    Share,
    Wanted,
    WantedDiscount,
)
from orders.models import (
    Bearer,
    DiscountKind,
    ValueType,
    Voucher,
    VoucherCode,
    VoucherType,
    VoucherUse,
    VoucherValue,
    tidy_code,
)
from orders.pricing import DiscountIn
from shop.core.dates.calendar import day_of
from shop.core.errors import Refused
from shop.core.money import percent_of
from shop.core.templatetags.figures import day as shown_day
from shop.core.templatetags.figures import money


class VoucherRefused(Refused):
    """A code that does nothing for this purchase; the words say why."""

    code = "voucher_refused"
    default_words = _("This code cannot be used here.")


class CodeUnknown(VoucherRefused):
    code = "voucher_unknown"
    default_words = _("There is no such code. Please check how it is written.")


class VoucherNotYet(VoucherRefused):
    code = "voucher_not_yet"


class VoucherEnded(VoucherRefused):
    code = "voucher_ended"


class VoucherUsedUp(VoucherRefused):
    code = "voucher_used_up"
    default_words = _("This code has been used up.")


class VoucherUsedByBuyer(VoucherRefused):
    code = "voucher_used_by_buyer"
    default_words = _("You have used this code before. It works once for each buyer.")


class VoucherForStaff(VoucherRefused):
    code = "voucher_for_staff"
    default_words = _("This code works only for orders that the market writes for you.")


class VoucherNotThere(VoucherRefused):
    code = "voucher_not_there"
    default_words = _("This code does not work for the country that the goods go to.")


class VoucherNotForGoods(VoucherRefused):
    code = "voucher_not_for_goods"
    default_words = _("Nothing in the basket is among the goods of this code.")


class MinimumNotReached(VoucherRefused):
    """`details["missing"]`: minor units of the goods concerned that are missing."""

    code = "voucher_minimum"


class TooFewGoods(VoucherRefused):
    """`details["missing"]`: sale steps of the goods concerned that are missing."""

    code = "voucher_too_few"


@dataclass(frozen=True, slots=True)
class _Case:
    """One code before one purchase: `lines` are those it concerns."""

    voucher: Voucher
    code: VoucherCode
    value: VoucherValue
    lines: Sequence[QuotedLine]
    wanted: Wanted
    now: datetime.datetime


def judge_code(wanted: Wanted, shares: Sequence[Share], *, now: datetime.datetime) -> QuotedVoucher | None:
    """What the code that was written does to these shares; None where none was written."""
    written = tidy_code(wanted.voucher_code)
    if not written:
        return None
    code = _find(written, wanted)
    value = next(iter(code.voucher.values.all()), None) if code else None
    if code is None or value is None:
        return QuotedVoucher(written, refused=CodeUnknown(field="code"))
    voucher = code.voucher
    case = _Case(voucher, code, value, _lines_of(voucher, wanted, shares), wanted, now)
    refused = next((no for check in _CHECKS if (no := check(case)) is not None), None)
    return QuotedVoucher(
        code.code,
        voucher.name,
        code.pk,
        voucher.cooperative if voucher.bearer == Bearer.COOPERATIVE else None,
        None if refused else _discount(case),
        refused,
    )


def _find(written: str, wanted: Wanted) -> VoucherCode | None:
    return (
        VoucherCode.objects.filter(code=written, is_active=True)
        .select_related("voucher", "voucher__cooperative")
        .prefetch_related(
            Prefetch("voucher__values", VoucherValue.objects.filter(channel=wanted.channel)),
            "voucher__products",
            "voucher__variants",
            "voucher__categories",
        )
        .first()
    )


def _lines_of(voucher: Voucher, wanted: Wanted, shares: Sequence[Share]) -> list[QuotedLine]:
    """The lines that a voucher is for, as far as they can be bought."""
    return [
        line
        for share in shares
        if voucher.cooperative_id in (None, share.cooperative.pk)
        for line in share.lines
        if wanted.by_staff or Problem.NOT_FOR_SALE not in line.problems
        if voucher.type != VoucherType.SPECIFIC_PRODUCT or _names(voucher, line)
    ]


def _names(voucher: Voucher, line: QuotedLine) -> bool:
    """Whether a voucher for certain goods names this one: itself, its product, or a branch it hangs on."""
    product = line.variant.product
    path = (product.category.path or "") if product.category else ""
    return (
        any(one.pk == line.variant.pk for one in voucher.variants.all())
        or any(one.pk == product.pk for one in voucher.products.all())
        or any(one.path and path.startswith(one.path) for one in voucher.categories.all())
    )


def _time(case: _Case) -> Refused | None:
    voucher = case.voucher
    if case.now < voucher.starts_at:
        return VoucherNotYet(
            _("This code works from %(day)s on.") % {"day": shown_day(day_of(voucher.starts_at))},
            field="code",
        )
    if voucher.last_moment is not None and not voucher.runs_at(case.now):
        return VoucherEnded(
            _("This code ended on %(day)s.") % {"day": shown_day(day_of(voucher.last_moment))}, field="code"
        )
    return None


def _hands(case: _Case) -> Refused | None:
    return VoucherForStaff(field="code") if case.voucher.only_for_staff and not case.wanted.by_staff else None


def _uses(case: _Case) -> Refused | None:
    """The limits, counted as rows."""
    voucher = case.voucher
    if not voucher.is_limited:
        return None
    uses = VoucherUse.objects.filter(code__voucher=voucher)
    if voucher.usage_limit is not None and uses.count() >= voucher.usage_limit:
        return VoucherUsedUp(field="code")
    if voucher.single_use and uses.filter(code=case.code).exists():
        return VoucherUsedUp(field="code")
    buyer = case.wanted.buyer
    if (
        voucher.apply_once_per_customer
        and uses.of_buyer(buyer.user_id, buyer.phone, buyer.email.strip()).exists()
    ):
        return VoucherUsedByBuyer(field="code")
    return None


def _country(case: _Case) -> Refused | None:
    countries = case.voucher.countries
    return VoucherNotThere(field="code") if countries and case.wanted.country not in countries else None


def _goods(case: _Case) -> Refused | None:
    if case.lines:
        return None
    cooperative = case.voucher.cooperative
    if cooperative is not None and case.voucher.type != VoucherType.SPECIFIC_PRODUCT:
        words = _("This code is for goods of %(name)s, and the basket holds none.")
        return VoucherNotForGoods(words % {"name": cooperative.name}, field="code")
    return VoucherNotForGoods(field="code")


def _minimum(case: _Case) -> Refused | None:
    """What is bought of the goods concerned: enough of them, and for enough money."""
    least = case.voucher.minimum_quantity or 0
    too_few = least - sum(line.wanted.quantity for line in case.lines)
    if too_few > 0:
        words = _("Buy %(missing)s more of these goods, and the code works.")
        return TooFewGoods(words % {"missing": too_few}, field="code", missing=too_few)
    missing = (case.value.minimum_spent or 0) - sum(line.total for line in case.lines)
    if missing > 0:
        words = _("Buy these goods for %(missing)s more, and the code works.")
        amount = money(missing, case.value.currency)
        return MinimumNotReached(words % {"missing": amount}, field="code", missing=missing)
    return None


_CHECKS: tuple[Callable[[_Case], Refused | None], ...] = (_time, _hands, _uses, _country, _goods, _minimum)


def _discount(case: _Case) -> WantedDiscount:
    voucher, value = case.voucher, case.value.value
    is_percent = voucher.value_type == ValueType.PERCENTAGE
    percent = value if is_percent else None
    amount = None if is_percent else int(value)
    if voucher.type == VoucherType.SHIPPING:
        only = None if voucher.cooperative_id is None else frozenset({voucher.cooperative_id})
        terms = DiscountIn(case.code.pk, percent, amount, of_delivery=True, cooperatives=only)
    elif voucher.apply_once_per_order:
        terms = _off_the_cheapest(case, percent, amount)
    else:
        terms = DiscountIn(
            case.code.pk, percent, amount, lines=frozenset(line.wanted.key for line in case.lines)
        )
    return WantedDiscount(
        terms,
        DiscountKind.VOUCHER,
        Bearer(voucher.bearer),
        name=voucher.name or case.code.code,
        source_key=f"voucher:{voucher.pk}",
    )


def _off_the_cheapest(case: _Case, percent: Decimal | None, amount: int | None) -> DiscountIn:
    """Once per order: off one step of the cheapest line, as Saleor has it."""
    line = min(case.lines, key=lambda each: each.unit_price)
    once = percent_of(line.unit_price, percent) if percent is not None else min(amount or 0, line.unit_price)
    return DiscountIn(case.code.pk, amount=once, lines=frozenset({line.wanted.key}))
