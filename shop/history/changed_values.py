"""Old and new values of a change, and the amounts it records, for display.

Actions record them as `from` and `to` (one value each, or one for each column) or as `changed` (column: old,
new). A change that lists `fields` without values holds personal data, which the log does not keep.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, pgettext, pgettext_lazy

from catalog.models import MovementReason, Unit
from catalog.states import ListingState
from cooperatives.models import ClickAndCollect, MarketDayKind, Role
from cooperatives.states import CooperativeState
from orders.models import CostBearer, PaymentMethod, VoucherType
from orders.models.transfer import ReviewReason
from orders.payments.banks import find_bank
from shop.accounts.models import ConsentPurpose
from shop.accounts.staff.permissions import Permission
from shop.core.models import Change
from shop.core.texts.formatting import (
    MINUS,
    format_day,
    format_hour_range,
    format_money,
    format_number,
    format_plain_percent,
    format_time,
    format_weight,
    weekday,
)

_MAX_LENGTH = 200
_MAX_LISTED = 5
_HIDDEN = frozenset({"metadata", "private_metadata", "description", "search_text"})
_FIELD_NAMES: dict[str, Promise] = {
    "name": pgettext_lazy("column", "Name"),
    "description_text": pgettext_lazy("column", "Description"),
    "slug": pgettext_lazy("column", "Address in the shop"),
    "sort_order": pgettext_lazy("column", "Position"),
    "parent": pgettext_lazy("column", "Parent category"),
    "is_hidden": pgettext_lazy("column", "Hidden"),
    "category": pgettext_lazy("column", "Category"),
    "category_id": pgettext_lazy("column", "Category"),
    "amount": pgettext_lazy("column", "Amount"),
    "balance": pgettext_lazy("column", "Balance"),
    "initial_balance": pgettext_lazy("column", "First balance"),
    "expiry_date": pgettext_lazy("column", "Last day"),
    "tags": pgettext_lazy("column", "Tags"),
    "value": pgettext_lazy("column", "Value"),
    "type": pgettext_lazy("column", "Type"),
    "role": pgettext_lazy("column", "Role"),
    "groups": pgettext_lazy("column", "Roles"),
    "permissions": pgettext_lazy("column", "Permissions"),
    "method": pgettext_lazy("column", "Payment method"),
    "is_active": pgettext_lazy("column", "Active"),
    "is_staff": pgettext_lazy("column", "Staff"),
    "first_name": pgettext_lazy("column", "Name"),
    "phone": pgettext_lazy("column", "Phone"),
    "email": pgettext_lazy("column", "Email"),
    "address": pgettext_lazy("column", "Address"),
    "shipping_address": pgettext_lazy("column", "Delivery address"),
    "billing_address": pgettext_lazy("column", "Billing address"),
    "buyer_name": pgettext_lazy("column", "Recipient"),
    "invoice": pgettext_lazy("column", "Invoice"),
    "note": pgettext_lazy("column", "Note"),
    "is_platform_wide": pgettext_lazy("column", "Whole market"),
    "complaint_days": pgettext_lazy("column", "Days to complain"),
    "answer_complaints_days": pgettext_lazy("column", "Days to answer complaints"),
    "payout_weekday": pgettext_lazy("column", "Payout day"),
    "payment_deadline_minutes": pgettext_lazy("column", "Minutes to pay"),
    "needs_second_person_for_payouts": pgettext_lazy("column", "Second person for payments"),
    "needs_second_person_for_account_changes": pgettext_lazy("column", "Second person for account changes"),
    "requires_second_factor_of_staff": pgettext_lazy("column", "Two-step sign-in for staff"),
    "requires_second_factor_of_managers": pgettext_lazy("column", "Two-step sign-in for managers"),
    "second_factor_grace_days": pgettext_lazy("column", "Days to set it up"),
    "click_and_collect": pgettext_lazy("column", "Pickup"),
    "sku": pgettext_lazy("column", "SKU"),
    "quantity_limit_per_customer": pgettext_lazy("column", "Limit per buyer"),
    "quantity_limit_days": pgettext_lazy("column", "Days of the limit per buyer"),
    "quantity_limit_per_order": pgettext_lazy("column", "Limit per order"),
    "unit": pgettext_lazy("column", "Unit"),
    "cost": pgettext_lazy("column", "Cost price"),
    "prior_amount": pgettext_lazy("column", "Price before"),
    "percent": pgettext_lazy("column", "Percentage"),
    "starts_at": pgettext_lazy("column", "Starts"),
    "ends_at": pgettext_lazy("column", "Ends"),
    "valid_from": pgettext_lazy("column", "First day"),
    "valid_until": pgettext_lazy("column", "Last day"),
    "free_from": pgettext_lazy("column", "Free delivery from"),
    "carrier": pgettext_lazy("column", "Carrier"),
    "minimum_days": pgettext_lazy("column", "Fewest days"),
    "maximum_days": pgettext_lazy("column", "Most days"),
    "station": pgettext_lazy("column", "Station"),
    "cut_off_hours": pgettext_lazy("column", "Hours before closing orders"),
    "pictures": pgettext_lazy("column", "Pictures"),
    "password": pgettext_lazy("column", "Password"),
}
_CHOICES: dict[str, type[TextChoices]] = {
    "click_and_collect": ClickAndCollect,
    "method": PaymentMethod,
    "permissions": Permission,
    "role": Role,
    "type": VoucherType,
    "unit": Unit,
}
# Actions that are named after the state they reach and record the state before.
_STATES: dict[str, type[TextChoices]] = {"cooperative": CooperativeState, "listing": ListingState}
_MONEY_COLUMNS = frozenset({"amount", "cost", "prior_amount", "free_from"})
# Facts that an action records beside old and new values.
_AMOUNTS: dict[str, Promise] = {
    "amount": pgettext_lazy("column", "Amount"),
    "cash": pgettext_lazy("column", "Cash collected"),
    "cash_taken_back": pgettext_lazy("column", "Cash that counts as not collected"),
    "counted": pgettext_lazy("column", "Cash counted"),
    "difference": pgettext_lazy("column", "Difference"),
    "fee": pgettext_lazy("column", "Fee"),
    "payable": pgettext_lazy("column", "To be paid"),
    "received": pgettext_lazy("column", "Received"),
    "refunded": pgettext_lazy("column", "Refund"),
    "remitted": pgettext_lazy("column", "Remitted"),
    "total": pgettext_lazy("column", "Total"),
}
_FACTS: dict[str, Promise] = {
    "carrier": pgettext_lazy("column", "Carrier"),
    "number": pgettext_lazy("column", "Number"),
    "reference": pgettext_lazy("column", "Reference"),
    "phrase": pgettext_lazy("column", "Phrase"),
    "percent": pgettext_lazy("column", "Percentage"),
    "valid_from": pgettext_lazy("column", "First day"),
    "count": pgettext_lazy("column", "Count"),
    "rows": pgettext_lazy("column", "Rows"),
}
_REASONS: dict[str, type[TextChoices]] = {
    "stock.moved": MovementReason,
    "transfer.sent_to_review": ReviewReason,
}
_DATES = frozenset({"expiry_date", "starts_at", "ends_at", "valid_from", "valid_until"})
_NUMBERS = frozenset({"percent", "value"})  # recorded as text, with the decimals of the database
_IDS_ONLY = frozenset({"product.pictures_reordered"})  # whose old and new values are keys of rows
# Columns that the new terms of a delivery method record as [old, new] beside its days or prices.
_PAIRS = ("free_from", "cut_off_hours")
# A pickup time as it is recorded, such as "weekday 6, 06:00-10:00, 40", or "lunar 5, 06:00-10:00, *" without
# a limit.
_MARKET_DAY = re.compile(r"(weekday|solar|lunar) (\d+), (\d\d:\d\d)-(\d\d:\d\d), (\d+|\*)")


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """One changed value, with its column if that has a name, and old and new value if they are recorded.

    `before` is empty for a fact without an old value, such as an amount, and for a value that was empty.
    """

    name: str
    before: str
    after: str
    has_values: bool = True

    def __str__(self) -> str:
        values = " → ".join(text for text in (self.before, self.after) if text) if self.has_values else ""
        return ": ".join(text for text in (self.name, values) if text)


def changed_values(change: Change) -> list[ChangedValue]:
    """Return a change's old and new values and facts, each once, in the order in which they were recorded."""
    return list(dict.fromkeys((*_before_and_after_values(change), *_stated_values(change))))


def _before_and_after_values(change: Change) -> Iterator[ChangedValue]:
    data = change.data
    before, after, columns = data.get("from"), data.get("to"), data.get("changed")
    named_columns: set[str] = set()
    if isinstance(columns, Mapping):
        for column, pair in columns.items():
            if isinstance(pair, list) and len(pair) == 2 and column not in _HIDDEN:
                yield _changed_column(change, column, pair[0], pair[1])
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for column in [*after, *(item for item in before if item not in after)]:
            if column in _HIDDEN or _are_equal(column, before.get(column), after.get(column)):
                continue
            named_columns.add(column)
            yield _changed_column(change, column, before.get(column), after.get(column))
    elif "from" in data and "to" in data and change.action not in _IDS_ONLY:
        yield ChangedValue("", _old_text(change, "", before), _as_text(change, "", after))
    elif isinstance(before, str):
        yield from _changed_state(change, before)
    for column in _PAIRS:
        pair = data.get(column)
        if isinstance(pair, list) and len(pair) == 2 and pair[0] != pair[1]:
            yield _changed_column(change, column, pair[0], pair[1])
    fields = data.get("fields")
    for column in fields if isinstance(fields, list) else []:
        if column not in named_columns and column not in _HIDDEN:
            yield ChangedValue(_field_name(str(column)), "", "", has_values=False)


def _are_equal(column: str, before: object, after: object) -> bool:
    if column in _NUMBERS and before is not None and after is not None:
        return Decimal(str(before)) == Decimal(str(after))
    return before == after


def _changed_column(change: Change, column: str, before: object, after: object) -> ChangedValue:
    name = _field_name(column)
    if column not in _FIELD_NAMES:
        return ChangedValue(name, "", "", has_values=False)
    return ChangedValue(name, _old_text(change, column, before), _as_text(change, column, after))


def _changed_state(change: Change, before: str) -> Iterator[ChangedValue]:
    kind, _dot, after = change.action.partition(".")
    states = _STATES.get(kind)
    if states is not None and {before, after} <= set(states.values):
        yield ChangedValue("", str(states(before).label), str(states(after).label))


def _stated_values(change: Change) -> Iterator[ChangedValue]:
    data = change.data
    for column, name in _AMOUNTS.items():
        if isinstance(data.get(column), int):
            yield ChangedValue(str(name), "", _money(change, data[column]))
    for column, name in _FACTS.items():
        if data.get(column) not in (None, ""):
            is_run = column == "count" and change.action.startswith("run.")
            fact_name = pgettext("column", "Parcels") if is_run else str(name)
            yield ChangedValue(fact_name, "", _as_text(change, column, data[column]))
    if isinstance(data.get("grams"), int):
        yield ChangedValue(pgettext("column", "Weight"), "", format_weight(data["grams"]))
    goods = data.get("goods")
    for text in goods if isinstance(goods, list) else []:
        yield ChangedValue("", "", str(text))
    if change.action == "stock.moved" and isinstance(data.get("quantity"), int):
        sign = "+" if data["quantity"] > 0 else MINUS
        yield ChangedValue(
            pgettext("column", "Quantity"), "", f"{sign}{format_number(abs(data['quantity']))}"
        )
    if data.get("bearer") in CostBearer.values:
        yield ChangedValue(pgettext("refund", "Paid by"), "", str(CostBearer(data["bearer"]).label))
    reasons = _REASONS.get(change.action)
    if reasons is not None and data.get("reason") in reasons.values:
        yield ChangedValue(pgettext("column", "Reason"), "", str(reasons(data["reason"]).label))
    if data.get("role") in Role.values and "from" not in data:
        yield ChangedValue(_field_name("role"), "", str(Role(data["role"]).label))
    if change.action.startswith("consent.") and data.get("purpose") in ConsentPurpose.values:
        yield ChangedValue("", "", str(ConsentPurpose(data["purpose"]).label))


def _field_name(column: str) -> str:
    """Return the column's name. Columns that only apps see have one name together."""
    return str(_FIELD_NAMES.get(column) or pgettext("column", "Other details"))


def _is_empty(value: object) -> bool:
    return value is None or value in ("", "None", [])


def _old_text(change: Change, column: str, value: object) -> str:
    return "" if _is_empty(value) else _as_text(change, column, value)


def _as_text(change: Change, column: str, value: object) -> str:
    if _is_empty(value):
        return "—"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        texts = list(dict.fromkeys(_as_text(change, column, item) for item in value))
        return "; ".join([*texts[:_MAX_LISTED], *(["…"] if len(texts) > _MAX_LISTED else [])])
    if isinstance(value, Mapping):
        return _rate_text(change, value)
    choices = _CHOICES.get(column)
    if choices is not None and value in choices.values:
        return str(choices(value).label).rstrip(".")
    if isinstance(value, int):
        is_money = column in _MONEY_COLUMNS or "currency" in change.data
        return _money(change, value) if is_money else format_number(value)
    if column in _NUMBERS:
        return format_plain_percent(Decimal(str(value)))
    if change.action == "delivery_method.market_days_set":
        return _market_day_text(str(value))
    if change.action.endswith(".account_changed"):
        return _account_text(str(value))
    text = _date_text(str(value)) if column in _DATES or change.action.endswith(".rate_ended") else str(value)
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"


def _account_text(recorded: str) -> str:
    """Format a recorded account, such as "970405 1500201 CHO PHIEN", with its bank's name for the BIN."""
    bin_code, _space, rest = recorded.partition(" ")
    bank = find_bank(bin_code)
    return f"{bank.short_name} {rest}" if bank else recorded


def _rate_text(change: Change, rate: Mapping[str, object]) -> str:
    """Format the price of a delivery rate, such as "up to 2 kg: 28.000 ₫", or of a wholesale quantity."""
    price, grams, quantity = rate.get("price"), rate.get("up_to_grams"), rate.get("quantity")
    if not isinstance(price, int):
        return "—"
    if isinstance(quantity, int):
        return gettext("from %(count)s: %(price)s") % {
            "count": format_number(quantity),
            "price": _money(change, price),
        }
    if not isinstance(grams, int):
        return _money(change, price)
    return gettext("up to %(weight)s: %(price)s") % {
        "weight": format_weight(grams),
        "price": _money(change, price),
    }


def _market_day_text(recorded: str) -> str:
    """Format a recorded pickup time, such as "Sunday, 6–10 h, at most 40 orders"."""
    match = _MARKET_DAY.fullmatch(recorded)
    if match is None:
        return recorded
    kind, number, starts, ends, capacity = match.groups()
    days = {
        MarketDayKind.SOLAR: gettext("day %(number)s of the month"),
        MarketDayKind.LUNAR: gettext("day %(number)s of the lunar month"),
    }
    day = (
        weekday(int(number))
        if kind == MarketDayKind.WEEKDAY
        else days[MarketDayKind(kind)] % {"number": number}
    )
    hours = format_hour_range(datetime.time.fromisoformat(starts), datetime.time.fromisoformat(ends))
    limit = "" if capacity == "*" else _capacity_text(int(capacity))
    return ", ".join(text for text in (day, hours, limit) if text)


def _capacity_text(count: int) -> str:
    return ngettext("at most %(count)s order", "at most %(count)s orders", count) % {"count": count}


def _date_text(value: str) -> str:
    try:
        moment = datetime.datetime.fromisoformat(value)
    except ValueError:
        return value
    return (
        f"{format_time(moment)}, {format_day(moment)}"
        if moment.tzinfo is not None
        else format_day(moment.date())
    )


def _money(change: Change, amount: int) -> str:
    return format_money(amount, str(change.data.get("currency") or "VND"))
