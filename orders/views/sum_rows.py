"""What a purchase adds up to: the same rows in the same words before it is ordered and after."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils.text import capfirst

from cooperatives.models import Cooperative
from orders.actions.order_records.discount_records import lowered_prices
from orders.actions.quotes.quote_types import Quote
from orders.models import Bearer, Discount, DiscountKind, DiscountShare, Order
from shop.core.templatetags.languages import own

_SHARES = DiscountShare.objects.select_related("line", "part").only(
    "discount", "amount", "line__cooperative", "part__cooperative"
)
# What of an order's discounts its sums are told from.
DISCOUNTS = Prefetch("discounts", Discount.objects.prefetch_related(Prefetch("shares", _SHARES)))


@dataclass(frozen=True, slots=True)
class TakenOff:
    """What a rule, a code or a hand takes off, in minor units; `givers` bear it, nobody means the market.

    `name` may be HTML that tells its language; `code` is empty where none was written.
    """

    kind: str
    name: str
    code: str
    givers: Sequence[Cooperative]
    amount: int


@dataclass(frozen=True, slots=True)
class Sums:
    """Minor units. `goods` and `delivery` are as listed: less all that is taken off they are the total.

    Without `delivery` nobody knows yet where it goes.
    """

    currency: str
    goods: int
    taken_off: Sequence[TakenOff]
    delivery: int | None

    @property
    def before(self) -> int | None:
        """What all of it would cost as listed, where something was taken off."""
        return self.goods + (self.delivery or 0) if self.taken_off else None


def sums_of_quote(offer: Quote) -> Sums:
    """The rows of a basket."""
    sellers: dict[Hashable, Cooperative] = {
        line.wanted.key: share.cooperative for share in offer.shares for line in share.lines
    }
    by_key: dict[Hashable, Cooperative] = {each.cooperative.pk: each.cooperative for each in offer.shares}
    rows = []
    of_goods = of_delivery = 0
    for lowered in lowered_prices(offer):
        givers = [sellers[key] for key in lowered.amounts]
        amount = sum(lowered.amounts.values())
        of_goods += amount
        rows.append(_taken_off(lowered.kind, lowered.name, "", lowered.bearer, givers, amount))
    for wanted, given in zip(offer.discounts, offer.purchase.discounts, strict=True):
        if not given.amount:
            continue
        if given.of_delivery:
            of_delivery += given.amount
            givers = [by_key[key] for key in given.shares]
        else:
            of_goods += given.amount
            givers = [sellers[key] for key in given.shares]
        code = offer.voucher.code if offer.voucher and wanted is offer.voucher.discount else ""
        rows.append(_taken_off(wanted.kind, wanted.name, code, wanted.bearer, givers, given.amount))
    purchase = offer.purchase
    return Sums(
        offer.wanted.channel.currency,
        purchase.goods.gross + of_goods,
        sorted(rows, key=_place),
        purchase.delivery.gross + of_delivery if offer.wanted.province_code else None,
    )


def sums_of_order(order: Order, cooperatives: Mapping[int, Cooperative]) -> Sums:
    """The rows of an order that was loaded with `DISCOUNTS`; `cooperatives` are those of its parts by id."""
    rows = []
    of_goods = of_delivery = 0
    for discount in order.discounts.all():
        keys = []
        for share in discount.shares.all():
            if share.line is not None:
                of_goods += share.amount
                keys.append(share.line.cooperative_id)
            elif share.part is not None:
                of_delivery += share.amount
                keys.append(share.part.cooperative_id)
        code = order.voucher_code if discount.kind == DiscountKind.VOUCHER else ""
        givers = [cooperatives[key] for key in keys]
        rows.append(_taken_off(discount.kind, discount.name, code, discount.bearer, givers, discount.amount))
    return Sums(
        order.currency,
        order.goods_gross + of_goods,
        sorted(rows, key=_place),
        order.delivery_gross + of_delivery,
    )


def _taken_off(
    kind: str, name: str, code: str, bearer: str, touched: Iterable[Cooperative], amount: int
) -> TakenOff:
    givers = {each.pk: each for each in touched} if bearer == Bearer.COOPERATIVE else {}
    told = own(name) if name else capfirst(str(DiscountKind(kind).label))
    return TakenOff(kind, told, code, [givers[key] for key in sorted(givers)], amount)


def _place(row: TakenOff) -> tuple[str, str, str, int]:
    return row.kind, row.name, row.code, row.amount
