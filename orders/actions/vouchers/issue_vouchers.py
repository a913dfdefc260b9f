"""Issue, edit and end vouchers, and add codes to them."""

from __future__ import annotations

import datetime
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.listings.promotions import (
    EndBeforeStart,
    InvalidDiscount,
    MissingBearingCooperative,
    require_usual_discount,
)
from catalog.models import Category, Product
from cooperatives.models import Cooperative
from orders.models import (
    CostBearer,
    ValueType,
    Voucher,
    VoucherCode,
    VoucherType,
    VoucherValue,
    normalise_voucher_code,
)
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, record_change

MAX_CODES_AT_ONCE = 1_000
_CODE_PATTERN = re.compile(r"[^\W_][\w-]{2,49}")
_CODE_CHARACTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no characters that look alike
_CODE_LENGTH = 8


class InvalidVoucherCode(Refused):
    code = "invalid_voucher_code"
    default_message = _("Enter a code of 3 to 50 letters, digits or hyphens, such as TET2027.")


class VoucherCodeTaken(Refused):
    code = "voucher_code_taken"
    default_message = _("This code already exists. Choose another one.")


class EmptyVoucherScope(Refused):
    code = "empty_voucher_scope"
    default_message = _("Choose the products or categories for this voucher.")


class InvalidCodeCount(Refused):
    code = "invalid_code_count"
    default_message = _("You can create at most 1,000 codes at once.")


@dataclass(frozen=True, slots=True)
class VoucherTerms:
    """Terms of a voucher. `value` is percent or whole minor units.

    `minimum_spent` is the least that the products covered by the code must cost together, in minor units. If
    `cooperative` is given, the code covers only that cooperative's products.
    """

    name: str
    value: int | Decimal
    starts_at: datetime.datetime
    ends_at: datetime.datetime | None = None
    type: VoucherType = VoucherType.ENTIRE_ORDER
    value_type: ValueType = ValueType.PERCENTAGE
    cooperative: Cooperative | None = None
    bearer: CostBearer = CostBearer.PLATFORM
    minimum_spent: int | None = None
    minimum_quantity: int | None = None
    usage_limit: int | None = None
    apply_once_per_order: bool = False
    apply_once_per_customer: bool = False
    single_use: bool = False
    only_for_staff: bool = False
    products: Sequence[Product] = ()
    categories: Sequence[Category] = ()


@transaction.atomic(durable=True)
def issue_voucher(
    *,
    channel: Channel,
    code: str,
    terms: VoucherTerms,
    issuer: Cooperative | None = None,
    confirmation_token: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Voucher:
    """Create a voucher with its first code.

    `issuer` is the cooperative that gives the voucher for its own products at its own cost. None means the
    platform. `confirmation_token` is "" at the first try, then the token of the UnusualDiscount that was
    raised. Raises InvalidVoucherCode, VoucherCodeTaken, InvalidDiscount, EndBeforeStart,
    MissingBearingCooperative, EmptyVoucherScope, UnusualDiscount, Missing.
    """
    _require_usual_terms(channel, terms, confirmation_token)
    normalised_code = normalise_voucher_code(code)
    if not _CODE_PATTERN.fullmatch(normalised_code):
        raise InvalidVoucherCode(field="code")
    voucher = Voucher()
    _write_terms(voucher, channel, terms, issuer)
    # A concurrent voucher with the same code is detected here without a database error.
    VoucherCode.objects.bulk_create(
        [VoucherCode(voucher=voucher, code=normalised_code)], ignore_conflicts=True
    )
    if not VoucherCode.objects.filter(voucher=voucher, code=normalised_code).exists():
        raise VoucherCodeTaken(field="code")
    record_change(
        "voucher.issued",
        voucher,
        actor=actor,
        now=now,
        cooperative_id=voucher.cooperative_id,
        reason=normalised_code,
    )
    return voucher


@transaction.atomic(durable=True)
def edit_voucher(
    *,
    voucher_id: int,
    channel: Channel,
    terms: VoucherTerms,
    issuer: Cooperative | None = None,
    confirmation_token: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Voucher:
    """Change a voucher's terms. Placed orders keep their discount. Raises as `issue_voucher`."""
    voucher = _lock_voucher(voucher_id, issuer)
    value = VoucherValue.objects.filter(voucher=voucher, channel=channel).first()
    current = (voucher.value_type, value.value if value else None, voucher.ends_at)
    if current != (str(terms.value_type), terms.value, terms.ends_at):
        _require_usual_terms(channel, terms, confirmation_token)
    before = {"value": str(value.value) if value else None, "type": voucher.type}
    _write_terms(voucher, channel, terms, issuer)
    record_change(
        "voucher.changed",
        voucher,
        actor=actor,
        now=now,
        cooperative_id=voucher.cooperative_id,
        data={"from": before, "to": {"value": str(terms.value), "type": terms.type}},
    )
    return voucher


def _require_usual_terms(channel: Channel, terms: VoucherTerms, confirmation_token: str | None) -> None:
    """Ask about a discount of more than half, or a voucher without an end. Free delivery is never unusual.

    Raises UnusualDiscount.
    """
    if confirmation_token is None:
        return
    is_percent = terms.value_type == ValueType.PERCENTAGE
    is_delivery = terms.type == VoucherType.SHIPPING
    require_usual_discount(
        percent=Decimal(terms.value) if is_percent and not is_delivery else None,
        amount=None if is_percent or is_delivery else int(terms.value),
        usual_amount=(terms.minimum_spent or 0) // 2,
        currency=channel.currency,
        ends_at=terms.ends_at,
        confirmation_token=confirmation_token,
    )


@transaction.atomic(durable=True)
def end_voucher(
    *, voucher_id: int, issuer: Cooperative | None = None, actor: Actor, now: datetime.datetime
) -> None:
    """End a voucher now. A voucher that has ended stays unchanged. Raises Missing."""
    voucher = _lock_voucher(voucher_id, issuer)
    if voucher.ends_at is not None and voucher.ends_at <= now:
        return
    voucher.starts_at = min(voucher.starts_at, now)
    voucher.ends_at = now
    voucher.save(update_fields=["starts_at", "ends_at", "updated_at"])
    record_change("voucher.ended", voucher, actor=actor, now=now, cooperative_id=voucher.cooperative_id)


@transaction.atomic(durable=True)
def add_voucher_codes(
    *,
    voucher_id: int,
    count: int,
    issuer: Cooperative | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Add `count` random codes that cannot be guessed. Raises Missing, InvalidCodeCount."""
    if not 1 <= count <= MAX_CODES_AT_ONCE:
        raise InvalidCodeCount(field="count")
    voucher = _lock_voucher(voucher_id, issuer)
    requested = voucher.codes.count() + count
    while (missing_count := requested - voucher.codes.count()) > 0:
        new_codes = {
            "".join(secrets.choice(_CODE_CHARACTERS) for _position in range(_CODE_LENGTH))
            for _code in range(missing_count)
        }
        VoucherCode.objects.bulk_create(
            [VoucherCode(voucher=voucher, code=code) for code in sorted(new_codes)], ignore_conflicts=True
        )
    record_change(
        "voucher.codes_added",
        voucher,
        actor=actor,
        now=now,
        cooperative_id=voucher.cooperative_id,
        data={"count": count},
    )


def _write_terms(voucher: Voucher, channel: Channel, terms: VoucherTerms, issuer: Cooperative | None) -> None:
    _require_valid_terms(terms, issuer)
    voucher.name, voucher.type, voucher.value_type = terms.name, terms.type, terms.value_type
    voucher.cooperative = issuer or terms.cooperative
    voucher.bearer = CostBearer.COOPERATIVE if issuer is not None else terms.bearer
    voucher.starts_at, voucher.ends_at = terms.starts_at, terms.ends_at
    for rule in (
        "minimum_quantity",
        "usage_limit",
        "apply_once_per_order",
        "apply_once_per_customer",
        "single_use",
        "only_for_staff",
    ):
        setattr(voucher, rule, getattr(terms, rule))
    voucher.save()
    VoucherValue.objects.update_or_create(
        voucher=voucher,
        channel=channel,
        defaults={
            "currency": channel.currency,
            "value": terms.value,
            "minimum_spent": terms.minimum_spent,
        },
    )
    voucher.products.set(terms.products)
    voucher.categories.set(terms.categories)


def _require_valid_terms(terms: VoucherTerms, issuer: Cooperative | None) -> None:
    maximum = 100 if terms.value_type == ValueType.PERCENTAGE else None
    if terms.value < 1 or (maximum is not None and terms.value > maximum):
        raise InvalidDiscount(field="value")
    if terms.ends_at is not None and terms.ends_at <= terms.starts_at:
        raise EndBeforeStart(field="ends")
    owner = issuer or terms.cooperative
    if owner is None and terms.bearer == CostBearer.COOPERATIVE:
        raise MissingBearingCooperative(field="bearer")
    if owner is not None and any(product.cooperative_id != owner.pk for product in terms.products):
        raise Missing(field="products")
    if terms.type == VoucherType.SPECIFIC_PRODUCT and not (terms.products or terms.categories):
        raise EmptyVoucherScope(field="categories")


def _lock_voucher(voucher_id: int, issuer: Cooperative | None) -> Voucher:
    vouchers = Voucher.objects.all() if issuer is None else Voucher.objects.for_cooperative(issuer)
    voucher = lock_row(vouchers.filter(pk=voucher_id))
    if voucher is None:
        raise Missing()
    return voucher
