"""Pay cash into a till and out of it, beside the sales."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders.actions.counter.shifts import MAX_CASH, ShiftClosed, lock_own_shift, read_expected_cash
from orders.models import CashDirection, CashMovement, Shift
from shop.core.actors import Actor
from shop.core.errors import NeedsConfirmation, ReasonRequired, Refused
from shop.core.models import Picture, find_key_of_created_row, record_change
from shop.core.texts.formatting import format_money

_ACTIONS = {CashDirection.PAID_IN: "shift.cash_paid_in", CashDirection.PAID_OUT: "shift.cash_paid_out"}


class InvalidCashMovement(Refused):
    """Zero, a negative or an absurd amount."""

    code = "invalid_cash_movement"
    default_message = _("Enter an amount above 0.")


class MoreThanInTill(NeedsConfirmation):
    """More is paid out than the till holds by its records: a typing error, or sales not recorded yet."""

    code = "more_than_in_till"
    default_message = _(
        "By its records the till holds %(cash)s; you entered %(amount)s. Save again if that is right."
    )


@transaction.atomic(durable=True)
def record_cash_movement(
    *,
    cooperative: Cooperative,
    shift_id: int,
    direction: CashDirection,
    amount: int,
    reason: str,
    picture: Picture | None = None,
    confirmation_token: str | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> CashMovement:
    """Record cash paid into the till of an open shift, or out of it, as `amount` minor units.

    `confirmation_token` is "" at the first try, then the token of the MoreThanInTill that was raised. None
    accepts any amount. A repeated `idempotency_key` returns the first movement. Raises InvalidCashMovement,
    KeyReused, Missing, MoreThanInTill, ReasonRequired, ShiftClosed.
    """
    shift = lock_own_shift(cooperative, shift_id)
    action = _ACTIONS[direction]
    existing_key = find_key_of_created_row(
        idempotency_key, action, cooperative_id=cooperative.pk, root=shift.till
    )
    if existing_key is not None:
        return CashMovement.objects.get(pk=existing_key)
    if not shift.is_open:
        raise ShiftClosed()
    if not 1 <= amount <= MAX_CASH:
        raise InvalidCashMovement(field="amount")
    reason = " ".join(reason.split())[:200]
    if not reason:
        raise ReasonRequired(field="reason")
    if direction == CashDirection.PAID_OUT and confirmation_token is not None:
        _require_in_till(shift, amount, confirmation_token)
    movement = CashMovement.objects.create(
        shift=shift,
        direction=direction,
        amount=amount,
        reason=reason,
        picture=picture,
        recorded_by_id=actor.user_id,
        recorded_at=now,
    )
    record_change(
        action,
        movement,
        actor=actor,
        now=now,
        root=shift.till,
        cooperative_id=cooperative.pk,
        reason=reason,
        data={"amount": amount},
        idempotency_key=idempotency_key,
    )
    return movement


def _require_in_till(shift: Shift, amount: int, confirmation_token: str) -> None:
    """Raise MoreThanInTill unless the till holds the amount, or the cashier has confirmed it."""
    expected = read_expected_cash(shift)
    token = f"{expected}-{amount}"
    if amount > expected and confirmation_token != token:
        values = {
            "cash": format_money(expected, shift.till.currency),
            "amount": format_money(amount, shift.till.currency),
        }
        text = str(MoreThanInTill.default_message) % values
        raise MoreThanInTill(text, field="amount", confirmation_token=token)
