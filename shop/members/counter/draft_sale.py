"""The sale on the till's screen, which the page's form keeps until it is sold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from catalog.models import Variant
from cooperatives.models import Cooperative
from orders.actions.counter.quote_sale import MAX_QUANTITY, MAX_SALE_LINES, SaleLine
from shop.members.counter.goods_keys import goods_name
from shop.members.forms.fields import GroupedWholeNumberField, KilosField, parse_key


@dataclass(slots=True)
class DraftLine:
    """A line as entered. `line` is None while the quantity or the weight is missing or wrong."""

    variant: Variant
    quantity: str = "1"
    kilos: str = ""
    errors: list[str] = field(default_factory=list)
    line: SaleLine | None = None

    @property
    def name(self) -> str:
        return goods_name(self.variant)


def read_draft_lines(cooperative: Cooperative, posted: Mapping[str, str]) -> list[DraftLine]:
    """Return the lines of the form after its pressed button, without other cooperatives' goods.

    Buttons are `add` (a variant's id), `more`, `less` and `remove_line` (the number of a line).
    """
    entered = [
        (parse_key(posted.get(f"line-{number}-variant")), number)
        for number in range(MAX_SALE_LINES)
        if f"line-{number}-variant" in posted
    ]
    added = parse_key(posted.get("add"))
    variants = _load_variants(cooperative, [*(key for key, _number in entered), added])
    lines = [
        DraftLine(
            variants[key],
            posted.get(f"line-{number}-quantity", ""),
            posted.get(f"line-{number}-kilos", ""),
        )
        for key, number in entered
        if key in variants
    ]
    _press_button(lines, variants.get(added), posted)
    for line in lines:
        _read_line(line)
    return lines


def _load_variants(cooperative: Cooperative, keys: Iterable[int]) -> dict[int, Variant]:
    rows = Variant.objects.for_cooperative(cooperative).filter(pk__in=set(keys)).select_related("product")
    return {row.pk: row for row in rows}


def _press_button(lines: list[DraftLine], added: Variant | None, posted: Mapping[str, str]) -> None:
    """Add, take off or remove what the pressed button says. Weighed goods get a line for each piece."""
    if added is not None:
        same = next((row for row in lines if row.variant == added and not added.is_sold_by_weight), None)
        if same is not None:
            same.quantity = _changed(same.quantity, 1)
        elif len(lines) < MAX_SALE_LINES:
            lines.append(DraftLine(added))
    for button, change in (("more", 1), ("less", -1)):
        pressed = _pressed_line(lines, posted.get(button))
        if pressed is not None:
            pressed.quantity = _changed(pressed.quantity, change)
    removed = _pressed_line(lines, posted.get("remove_line"))
    if removed is not None:
        lines.remove(removed)


def _pressed_line(lines: list[DraftLine], number: str | None) -> DraftLine | None:
    position = parse_key(number)
    return lines[position - 1] if 0 < position <= len(lines) else None


def _changed(quantity: str, change: int) -> str:
    """Return the quantity with one more or one less, at least 1. What is no number becomes 1."""
    return str(max(1, parse_key(quantity) + change))


def _read_line(row: DraftLine) -> None:
    quantity = _clean(
        GroupedWholeNumberField(min_value=1, max_value=MAX_QUANTITY, label=_("Quantity")), row.quantity, row
    )
    grams = None
    if row.variant.is_sold_by_weight:
        if not row.kilos.strip():
            row.errors.append(str(_("Enter the weight on the scale.")))
            return
        grams = _clean(KilosField(label=_("Weight")), row.kilos, row)
    if not row.errors and quantity is not None:
        row.line = SaleLine(row.variant.pk, quantity, grams)


def _clean(field: GroupedWholeNumberField | KilosField, text: str, row: DraftLine) -> int | None:
    """Return the number of a field, or add its error to the line."""
    try:
        number = field.clean(text)
    except ValidationError as error:
        row.errors.extend(str(message) for message in error.messages)
        return None
    return number if isinstance(number, int) else None
