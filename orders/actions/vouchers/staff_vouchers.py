"""Create and edit vouchers column by column, and per channel, as staff do over the API."""

from __future__ import annotations

import datetime
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.listings.promotions import EndBeforeStart, InvalidDiscount
from catalog.models import Category, Product, Variant
from orders.models import (
    GiftCard,
    ValueType,
    Voucher,
    VoucherCode,
    VoucherUse,
    VoucherValue,
    normalise_voucher_code,
)
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, record_change
from shop.core.money import minor_digits

_CODE = re.compile(r"[^\W_][\w-]{0,49}")
_CODE_CHARACTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no characters that look alike
_CODE_LENGTH = 8


class CodesTaken(Refused):
    """`details["codes"]` lists the codes of other vouchers and of gift cards."""

    code = "codes_taken"
    default_message = _("This code already exists. Choose another one.")


class CodesRepeated(Refused):
    """`details["codes"]` lists the codes that were entered several times."""

    code = "codes_repeated"
    default_message = _("Enter each code once.")


class UnusableCode(Refused):
    code = "unusable_code"
    default_message = _("A code has at most 50 letters, digits and hyphens.")


class SeveralCodes(Refused):
    code = "several_codes"
    default_message = _("This voucher has several codes. Add or delete codes instead.")


class UsedVoucherTerms(Refused):
    """A code, or how often codes apply, cannot change once an order has used one."""

    code = "used_voucher_terms"
    default_message = _("Orders have used this voucher, so this stays as it is.")


class ProductsWithoutVariants(Refused):
    """`details["products"]` lists the ids of the products."""

    code = "products_without_variants"
    default_message = _("Products without variants cannot be discounted.")


@dataclass(frozen=True, slots=True)
class VoucherScope:
    """The keys of the products, variants and categories that a voucher covers."""

    products: Collection[int] = ()
    variants: Collection[int] = ()
    categories: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class ChannelTerms:
    """What a voucher is worth in a channel, in percent or minor units. None keeps what is stored."""

    value: Decimal | None
    minimum_spent: int | None = None
    has_same_minimum: bool = False


@dataclass(frozen=True, slots=True)
class VoucherEdit:
    """The columns to set, and the codes to add. An empty code stands for a random one.

    `only_code` replaces the only code of a voucher. `scope` replaces what it covers, relation by relation.
    """

    values: Mapping[str, object]
    new_codes: Sequence[str] = ()
    only_code: str | None = None
    scope: Mapping[str, Collection[int]] = field(default_factory=dict)


@transaction.atomic(durable=True)
def create_staff_voucher(*, edit: VoucherEdit, actor: Actor, now: datetime.datetime) -> Voucher:
    """Create a voucher of the platform, without a value in any channel.

    Raises CodesRepeated, CodesTaken, UnusableCode, EndBeforeStart, Missing.
    """
    voucher = Voucher(**{"starts_at": now, **edit.values})
    _require_end_after_start(voucher)
    voucher.save()
    codes = _add_codes(voucher, edit.new_codes)
    _set_scope(voucher, edit.scope)
    record_change("voucher.issued", voucher, actor=actor, now=now, reason=", ".join(codes))
    return voucher


@transaction.atomic(durable=True)
def edit_staff_voucher(
    *, voucher_id: int, edit: VoucherEdit, actor: Actor, now: datetime.datetime
) -> Voucher:
    """Change columns, codes and scope of a voucher. Placed orders keep their discount.

    If an amount becomes a percentage, values above 100 are removed from their channels. Raises Missing,
    UsedVoucherTerms, SeveralCodes, and the errors of `create_staff_voucher`.
    """
    voucher = _lock_voucher(voucher_id)
    former_type = voucher.value_type
    changed = {column: value for column, value in edit.values.items() if getattr(voucher, column) != value}
    for column, field_name in (("single_use", "singleUse"), ("usage_limit", "usageLimit")):
        if column in changed:
            _require_unused(voucher, field_name)
    for column, value in changed.items():
        setattr(voucher, column, value)
    _require_end_after_start(voucher)
    voucher.save()
    if edit.only_code is not None:
        _replace_only_code(voucher, edit.only_code)
    codes = _add_codes(voucher, edit.new_codes)
    _set_scope(voucher, edit.scope)
    if voucher.value_type != former_type:
        _convert_values(voucher)
    record_change(
        "voucher.changed",
        voucher,
        actor=actor,
        now=now,
        cooperative_id=voucher.cooperative_id,
        data={"fields": sorted([*changed, *edit.scope]), "codes": codes},
    )
    return voucher


@transaction.atomic(durable=True)
def change_voucher_scope(
    *, voucher_id: int, scope: VoucherScope, is_added: bool, actor: Actor, now: datetime.datetime
) -> Voucher:
    """Add to what a voucher covers, or remove from it. Raises Missing, ProductsWithoutVariants."""
    voucher = _lock_voucher(voucher_id)
    for name in ("products", "variants", "categories"):
        keys = _require_existing(voucher, name, getattr(scope, name), needs_variants=is_added)
        relation = getattr(voucher, name)
        (relation.add if is_added else relation.remove)(*keys)
    record_change(
        "voucher.changed",
        voucher,
        actor=actor,
        now=now,
        cooperative_id=voucher.cooperative_id,
        data={"fields": ["scope"]},
    )
    return voucher


@transaction.atomic(durable=True)
def set_voucher_channels(
    *,
    voucher_id: int,
    terms: Mapping[int, ChannelTerms],
    removed: Collection[int],
    actor: Actor,
    now: datetime.datetime,
) -> Voucher:
    """Set a voucher's value by channel, and end it in others. Raises Missing, InvalidDiscount."""
    voucher = _lock_voucher(voucher_id)
    channels = Channel.objects.in_bulk(list(terms))
    stored = {row.channel_id: row for row in VoucherValue.objects.filter(voucher=voucher)}
    for channel_id, channel_terms in terms.items():
        if channel_id not in channels:
            raise Missing(field="addChannels")
        row = stored.get(channel_id) or VoucherValue(
            voucher=voucher, channel=channels[channel_id], currency=channels[channel_id].currency
        )
        if not channel_terms.has_same_minimum:
            row.minimum_spent = channel_terms.minimum_spent
        if channel_terms.value is not None:
            row.value = channel_terms.value
        maximum = Decimal(100) if voucher.value_type == ValueType.PERCENTAGE else Decimal("Infinity")
        is_missing = row.pk is None and channel_terms.value is None
        if is_missing or not 0 < row.value <= maximum:
            raise InvalidDiscount(field="discountValue", channels=[channel_id])
        row.save()
    VoucherValue.objects.filter(voucher=voucher, channel__in=removed).delete()
    record_change(
        "voucher.changed",
        voucher,
        actor=actor,
        now=now,
        cooperative_id=voucher.cooperative_id,
        data={"channels": sorted(terms), "removed": sorted(removed)},
    )
    return voucher


def _lock_voucher(voucher_id: int) -> Voucher:
    voucher = lock_row(Voucher.objects.filter(pk=voucher_id))
    if voucher is None:
        raise Missing(field="id")
    return voucher


def _require_end_after_start(voucher: Voucher) -> None:
    if voucher.ends_at is not None and voucher.ends_at <= voucher.starts_at:
        raise EndBeforeStart(field="endDate")


def _require_unused(voucher: Voucher, field_name: str) -> None:
    """On a locked voucher: raise UsedVoucherTerms if an order has used one of its codes."""
    lock_rows(VoucherCode.objects.filter(voucher=voucher))
    if VoucherUse.objects.filter(code__voucher=voucher).exists():
        raise UsedVoucherTerms(field=field_name)


def _add_codes(voucher: Voucher, entered: Sequence[str]) -> list[str]:
    """Add codes and return them as stored."""
    codes = [normalise_voucher_code(code) or _draw_code() for code in entered]
    repeated = sorted({code for code in codes if codes.count(code) > 1})
    if repeated:
        raise CodesRepeated(field="codes", codes=repeated)
    _require_free_codes(codes, field_name="codes")
    try:
        with transaction.atomic():
            VoucherCode.objects.bulk_create(VoucherCode(voucher=voucher, code=code) for code in codes)
    except IntegrityError as error:
        raise CodesTaken(field="codes", codes=[]) from error
    return codes


def _replace_only_code(voucher: Voucher, entered: str) -> None:
    codes = lock_rows(VoucherCode.objects.filter(voucher=voucher))
    code = normalise_voucher_code(entered) or _draw_code()
    if len(codes) != 1:
        raise SeveralCodes(field="code")
    if code == codes[0].code:
        return
    _require_unused(voucher, "code")
    _require_free_codes([code], field_name="code")
    codes[0].code = code
    try:
        with transaction.atomic():
            codes[0].save(update_fields=["code"])
    except IntegrityError as error:
        raise CodesTaken(field="code", codes=[code]) from error


def _require_free_codes(codes: Collection[str], *, field_name: str) -> None:
    if not all(_CODE.fullmatch(code) for code in codes):
        raise UnusableCode(field=field_name)
    taken = {
        *VoucherCode.objects.filter(code__in=codes).values_list("code", flat=True),
        *GiftCard.objects.filter(code__in=codes).values_list("code", flat=True),
    }
    if taken:
        raise CodesTaken(field=field_name, codes=sorted(taken))


def _draw_code() -> str:
    return "".join(secrets.choice(_CODE_CHARACTERS) for _position in range(_CODE_LENGTH))


def _set_scope(voucher: Voucher, scope: Mapping[str, Collection[int]]) -> None:
    for name, keys in scope.items():
        getattr(voucher, name).set(_require_existing(voucher, name, keys))


def _require_existing(
    voucher: Voucher, name: str, keys: Collection[int], *, needs_variants: bool = False
) -> Collection[int]:
    """Return these keys of products, variants or categories.

    A cooperative's voucher covers its own products only. Raises Missing, ProductsWithoutVariants.
    """
    existing = {
        "products": Product.objects.existing(),
        "variants": Variant.objects.existing(),
        "categories": Category.objects.all(),
    }[name].filter(pk__in=keys)
    if voucher.cooperative_id is not None and name != "categories":
        owner = "cooperative" if name == "products" else "product__cooperative"
        existing = existing.filter(**{owner: voucher.cooperative_id})
    if existing.count() != len(set(keys)):
        raise Missing(field=name)
    if needs_variants and name == "products":
        sold = set(Variant.objects.existing().filter(product__in=keys).values_list("product", flat=True))
        if set(keys) - sold:
            raise ProductsWithoutVariants(field=name, products=sorted(set(keys) - sold))
    return keys


def _convert_values(voucher: Voucher) -> None:
    """Keep the numbers that staff entered when amounts become percentages, or percentages amounts.

    Numbers that are not possible then are removed.
    """
    for row in VoucherValue.objects.filter(voucher=voucher):
        scale = Decimal(10) ** minor_digits(row.currency)
        is_percent = voucher.value_type == ValueType.PERCENTAGE
        row.value = row.value / scale if is_percent else row.value * scale
        if row.value > 100 if is_percent else row.value != int(row.value):
            row.delete()
        else:
            row.save(update_fields=["value"])
