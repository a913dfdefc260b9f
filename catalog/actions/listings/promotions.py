"""Create, edit and end promotions, and refresh the prices they affect."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.actions.listings.promotion_prices import refresh_promotion_task
from catalog.models import Category, Price, Product, Promotion
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit, lock_row
from shop.core.errors import Missing, NeedsConfirmation, Refused, StrOrPromise
from shop.core.models import Channel, record_change
from shop.core.texts.formatting import format_money, format_percent

USUAL_PERCENT = 50


class InvalidDiscount(Refused):
    code = "invalid_discount"
    default_message = _("Enter a discount from 1 to 100 percent, or an amount from 1 up.")


class EndBeforeStart(Refused):
    code = "end_before_start"
    default_message = _("The end must not be before the start.")


class MissingBearingCooperative(Refused):
    """A cooperative can only bear reductions of its own products."""

    code = "missing_bearing_cooperative"
    default_message = _("A cooperative can only cover discounts on its own products. Choose the cooperative.")


class UnusualDiscount(NeedsConfirmation):
    """The discount is more than half, or has no end."""

    code = "unusual_discount"
    default_message = _("This discount is unusual. Save again if it is right.")


@dataclass(frozen=True, slots=True)
class PromotionTerms:
    """The terms of a promotion, which takes off `percent`, or `amount` minor units per sales unit.

    The promotion applies to the products of `cooperative`, or of all cooperatives if that is None. `products`
    and `categories` narrow it down. If both are empty, it applies to all products.
    """

    name: str
    starts_at: datetime.datetime
    ends_at: datetime.datetime | None = None
    percent: Decimal | None = None
    amount: int | None = None
    cooperative: Cooperative | None = None
    is_borne_by_platform: bool = True
    products: Sequence[Product] = ()
    categories: Sequence[Category] = ()


@transaction.atomic(durable=True)
def create_promotion(
    *,
    channel: Channel,
    terms: PromotionTerms,
    acting_cooperative: Cooperative | None = None,
    confirmation_token: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Promotion:
    """Create a promotion, which changes prices when it starts.

    `acting_cooperative` creates the promotion for its own products and bears its cost; None means the
    platform. `confirmation_token` is "" at the first try, then the token of the UnusualDiscount that was
    raised. Raises InvalidDiscount, EndBeforeStart, MissingBearingCooperative, UnusualDiscount, and Missing
    for other cooperatives' products.
    """
    promotion = Promotion(channel=channel)
    _require_usual_terms(channel, terms, acting_cooperative, confirmation_token)
    _save_promotion(promotion, terms, acting_cooperative, now)
    record_change(
        "promotion.created", promotion, actor=actor, now=now, cooperative_id=promotion.cooperative_id
    )
    return promotion


@transaction.atomic(durable=True)
def edit_promotion(
    *,
    promotion_id: uuid.UUID,
    terms: PromotionTerms,
    acting_cooperative: Cooperative | None = None,
    confirmation_token: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Promotion:
    """Update a promotion. Placed orders keep their prices. Raises like `create_promotion`."""
    promotion = _lock_promotion(promotion_id, acting_cooperative)
    current = (promotion.percent, promotion.amount, promotion.ends_at)
    if current != (terms.percent, terms.amount, terms.ends_at):
        _require_usual_terms(promotion.channel, terms, acting_cooperative, confirmation_token)
    before = _logged_terms(promotion)
    _save_promotion(promotion, terms, acting_cooperative, now)
    record_change(
        "promotion.changed",
        promotion,
        actor=actor,
        now=now,
        cooperative_id=promotion.cooperative_id,
        data={"from": before, "to": _logged_terms(promotion)},
    )
    return promotion


def _logged_terms(promotion: Promotion) -> dict[str, object]:
    """Return the terms that the change log keeps."""
    dates = {"starts_at": promotion.starts_at, "ends_at": promotion.ends_at}
    return {
        "name": promotion.name,
        **{column: value.isoformat() if value else None for column, value in dates.items()},
        "percent": None if promotion.percent is None else str(promotion.percent),
        "amount": promotion.amount,
    }


@transaction.atomic(durable=True)
def end_promotion(
    *,
    promotion_id: uuid.UUID,
    acting_cooperative: Cooperative | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """End a promotion now. A promotion that has not started yet never runs. If it has ended, nothing changes.

    Raises Missing.
    """
    promotion = _lock_promotion(promotion_id, acting_cooperative)
    if promotion.ends_at is not None and promotion.ends_at <= now:
        return
    promotion.starts_at = min(promotion.starts_at, now)
    promotion.ends_at = promotion.refresh_at = now
    promotion.save(update_fields=["starts_at", "ends_at", "refresh_at", "updated_at"])
    record_change("promotion.ended", promotion, actor=actor, now=now, cooperative_id=promotion.cooperative_id)
    after_commit(refresh_promotion_task.delay, promotion_id=str(promotion.pk))


def _save_promotion(
    promotion: Promotion,
    terms: PromotionTerms,
    acting_cooperative: Cooperative | None,
    now: datetime.datetime,
) -> None:
    _require_valid_terms(terms, acting_cooperative)
    promotion.name = terms.name
    promotion.cooperative = acting_cooperative or terms.cooperative
    promotion.is_borne_by_platform = acting_cooperative is None and terms.is_borne_by_platform
    promotion.percent, promotion.amount = terms.percent, terms.amount
    promotion.starts_at, promotion.ends_at = terms.starts_at, terms.ends_at
    promotion.refresh_at = now
    promotion.save()
    promotion.products.set(terms.products)
    promotion.categories.set(terms.categories)
    after_commit(refresh_promotion_task.delay, promotion_id=str(promotion.pk))


def _require_valid_terms(terms: PromotionTerms, acting_cooperative: Cooperative | None) -> None:
    percent, amount = terms.percent, terms.amount
    if (percent is None) == (amount is None):
        raise InvalidDiscount(field="value")
    if (percent is not None and not 0 < percent <= 100) or (amount is not None and amount < 1):
        raise InvalidDiscount(field="value")
    if terms.ends_at is not None and terms.ends_at <= terms.starts_at:
        raise EndBeforeStart(field="ends")
    owner = acting_cooperative or terms.cooperative
    if owner is None and not terms.is_borne_by_platform:
        raise MissingBearingCooperative(field="cooperative")
    if owner is not None and any(product.cooperative_id != owner.pk for product in terms.products):
        raise Missing(field="products")


def _require_usual_terms(
    channel: Channel,
    terms: PromotionTerms,
    acting_cooperative: Cooperative | None,
    confirmation_token: str | None,
) -> None:
    """Ask about a promotion of more than half of a price, or without an end. Raises UnusualDiscount."""
    if confirmation_token is None:
        return
    _require_valid_terms(terms, acting_cooperative)
    lowest_price = _read_lowest_price(channel, terms, acting_cooperative)
    require_usual_discount(
        percent=terms.percent,
        amount=terms.amount,
        usual_amount=None if lowest_price is None else lowest_price // 2,
        currency=channel.currency,
        ends_at=terms.ends_at,
        confirmation_token=confirmation_token,
    )


def _read_lowest_price(
    channel: Channel, terms: PromotionTerms, acting_cooperative: Cooperative | None
) -> int | None:
    """Return the lowest list price that the terms cover, in minor units, or None if there is none."""
    prices = Price.objects.filter(channel=channel, amount__isnull=False)
    owner = acting_cooperative or terms.cooperative
    if owner is not None:
        prices = prices.filter(variant__cooperative=owner)
    if terms.products or terms.categories:
        scope = Q(variant__product__in=list(terms.products))
        for category in terms.categories:
            scope |= Q(variant__product__category__path__startswith=category.branch_path)
        prices = prices.filter(scope)
    return prices.order_by("amount").values_list("amount", flat=True).first()


def require_usual_discount(
    *,
    percent: Decimal | None,
    amount: int | None,
    usual_amount: int | None,
    currency: str,
    ends_at: datetime.datetime | None,
    confirmation_token: str,
) -> None:
    """Raise UnusualDiscount, with its token, unless the discount is usual or a person confirmed it.

    A discount is usual if it has an end and is at most 50 percent or `usual_amount`. `confirmation_token` is
    empty until a person confirms.
    """
    remarks: list[StrOrPromise] = []
    if percent is not None and percent > USUAL_PERCENT:
        text = _("It takes %(percent)s off every price it covers.")
        remarks.append(text % {"percent": format_percent(percent)})
    if amount is not None and usual_amount is not None and amount > usual_amount:
        text = _("It takes %(amount)s off, more than half (%(usual)s) of the lowest amount it applies to.")
        values = {"amount": format_money(amount, currency), "usual": format_money(usual_amount, currency)}
        remarks.append(text % values)
    if ends_at is None:
        remarks.append(_("It has no end date."))
    required_token = f"{percent}-{amount}-{ends_at is None}"
    if remarks and confirmation_token != required_token:
        remarks.append(_("Save again if that is right."))
        raise UnusualDiscount(" ".join(str(remark) for remark in remarks), confirmation_token=required_token)


def _lock_promotion(promotion_id: uuid.UUID, acting_cooperative: Cooperative | None) -> Promotion:
    promotions = (
        Promotion.objects.all()
        if acting_cooperative is None
        else Promotion.objects.for_cooperative(acting_cooperative)
    )
    promotion = lock_row(promotions.filter(pk=promotion_id))
    if promotion is None:
        raise Missing()
    return promotion
