"""The goods of a pasted message as rows to confirm: which product, and how many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.actions.basket.basket_lines import LineToAdd
from orders.pasted_messages.goods import ReadGoods
from orders.pasted_messages.goods_options import Doubt
from shop.members.forms.received_orders import MAX_QUANTITY
from shop.members.received_orders.own_goods import OwnGoods

LEFT_OUT = "0"
ADDED_ROWS = 2
_DOUBT_TEXTS: Mapping[Doubt, Promise] = {
    Doubt.UNKNOWN_GOODS: gettext_lazy("Not among your products on sale. Add one below, or leave it out."),
    Doubt.NOT_WHOLE: gettext_lazy("This is no whole number of packs. Choose and check the quantity."),
    Doubt.SEVERAL_AMOUNTS: gettext_lazy("Several quantities were written. Check them in the message."),
    Doubt.NO_QUANTITY: gettext_lazy("No quantity was written."),
    Doubt.OTHER_NAME: gettext_lazy("The name fits several products. Check which one is meant."),
    Doubt.EXTRA_WORDS: gettext_lazy("Some words were not understood. Check them in the message."),
    Doubt.SEVERAL: gettext_lazy("Which one?"),
}


@dataclass(frozen=True, slots=True)
class RowChoice:
    """A product to choose for a row, or leaving the row out."""

    value: str
    label: str
    price: str
    is_chosen: bool


@dataclass(slots=True)
class GoodsRow:
    """Goods of the message with what they may be, the chosen variant, and the quantity as entered."""

    name: str  # of its fields
    text: str
    choices: Sequence[RowChoice]
    doubts: Sequence[str]
    quantity: str
    errors: list[str] = field(default_factory=list)
    line: LineToAdd | None = None

    @property
    def is_clear(self) -> bool:
        """Whether nothing is in doubt or wrong."""
        return not self.doubts and not self.errors


@dataclass(slots=True)
class AddedRow:
    """A product that the member adds from the list of all."""

    name: str
    variant: str
    quantity: str
    error: str = ""
    line: LineToAdd | None = None


def build_goods_rows(
    goods: Sequence[ReadGoods], own: OwnGoods, posted: Mapping[str, object] | None
) -> list[GoodsRow]:
    """Return a row for all goods of a message, with what was chosen in `posted`, if the form was sent."""
    return [_build_row(number, row, own, posted) for number, row in enumerate(goods)]


def build_added_rows(own: OwnGoods, posted: Mapping[str, object] | None) -> list[AddedRow]:
    """Return the rows for further products."""
    rows: list[AddedRow] = []
    for number in range(ADDED_ROWS):
        name = f"add-{number}"
        values = posted or {}
        row = AddedRow(name, str(values.get(name, "")), str(values.get(f"{name}-quantity", "")).strip())
        quantity = _parse_quantity(row.quantity or "1")
        if row.variant.isdecimal() and int(row.variant[:18]) in own.variants:
            if quantity:
                row.line = LineToAdd(int(row.variant[:18]), quantity)
            else:
                row.error = _("Enter a whole number, such as 2.")
        rows.append(row)
    return rows


def chosen_lines(rows: Sequence[GoodsRow], added: Sequence[AddedRow]) -> list[LineToAdd]:
    """Return the lines that are complete."""
    return [line for line in [*(row.line for row in rows), *(row.line for row in added)] if line is not None]


def _build_row(number: int, goods: ReadGoods, own: OwnGoods, posted: Mapping[str, object] | None) -> GoodsRow:
    name = f"goods-{number}"
    quantities = {
        option.variant_id: option.quantity for option in goods.options if option.variant_id in own.variants
    }
    if posted is None:
        chosen = str(next(iter(quantities))) if len(quantities) == 1 else ""
        is_same = len(set(quantities.values())) == 1 and Doubt.NO_QUANTITY not in goods.doubts
        entered = str(next(iter(quantities.values()))) if is_same else ""
    else:
        chosen = str(posted.get(name, ""))
        entered = str(posted.get(f"{name}-quantity", "")).strip()
    has_own_quantity = len(set(quantities.values())) > 1 and Doubt.NO_QUANTITY not in goods.doubts
    choices = [
        RowChoice(
            value=str(variant_id),
            label=f"{quantity} × {own.variants[variant_id].label}"
            if has_own_quantity
            else own.variants[variant_id].label,
            price=own.variants[variant_id].price,
            is_chosen=chosen == str(variant_id),
        )
        for variant_id, quantity in quantities.items()
    ]
    choices.append(RowChoice(LEFT_OUT, _("Leave it out"), "", is_chosen=chosen == LEFT_OUT))
    row = GoodsRow(
        name=name,
        text=goods.text,
        choices=choices,
        doubts=[str(text) for doubt, text in _DOUBT_TEXTS.items() if doubt in goods.doubts],
        quantity=entered,
    )
    is_known = chosen.isdecimal() and int(chosen[:18]) in quantities
    if is_known:
        own_quantity = quantities[int(chosen[:18])] if has_own_quantity else 0
        quantity = _parse_quantity(entered) if entered else own_quantity
        if quantity:
            row.line = LineToAdd(int(chosen[:18]), quantity)
            row.quantity = str(quantity)
        elif posted is not None:
            row.errors.append(_("Enter a whole number, such as 2."))
    elif posted is not None and chosen != LEFT_OUT:
        row.errors.append(_("Choose a product, or leave it out."))
    return row


def _parse_quantity(text: str) -> int:
    """Return a whole number from 1, or 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and 0 < int(text[:9]) <= MAX_QUANTITY else 0
