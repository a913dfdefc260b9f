"""The pick list of a part: lines still to be packed, and lines to be weighed first."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.forms import BoundField

from catalog.models import Lot
from orders.actions.fulfilment.lot_picks import LotSuggestion, suggest_lots
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.models import OrderLine, OrderPart, ParcelLine, Substitute, WeightQuestion
from orders.states import PartState
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Picture
from shop.core.web.form_options import FormData
from shop.members.forms.weigh import WeighForm
from shop.members.forms.work import PickForm
from shop.members.fulfilment.worklist import load_line_pictures
from shop.members.order_texts import lot_texts, sorted_lines


@dataclass(frozen=True, slots=True)
class PickLine:
    """A line of the pick list."""

    line: OrderLine
    amount: str
    picture: Picture | None
    still_open: int
    # Form fields if the line can still be packed, else None.
    picked: BoundField | None
    quantity: BoundField | None
    # For lines sold by weight there is the weighing form, and the latest question to the buyer.
    weigh_form: WeighForm | None
    question: WeightQuestion | None
    # Waits for the buyer's answer.
    substitute: Substitute | None
    # What to take if the line's stock has lots, and the form field to choose another lot.
    lots: LotSuggestion | None
    lot: BoundField | None

    @property
    def is_buyer_asked(self) -> bool:
        """Whether the buyer has not answered yet about the weight."""
        return self.question is not None and not self.question.answer

    @property
    def only_lot(self) -> Lot | None:
        """The lot to take everything from, or None if there are several or none."""
        picks = self.lots.picks if self.lots else []
        return picks[0][0] if len(picks) == 1 else None

    @property
    def lot_texts(self) -> list[str]:
        """The lots to take from, in words."""
        return lot_texts(self.line, self.lots.picks) if self.lots else []

    @property
    def has_options(self) -> bool:
        """Whether another lot, or a part of the quantity, can be packed."""
        if self.quantity is None:
            return False
        return self.lot is not None or self.still_open > 1 or bool(self.quantity.errors)


def build_pick_form(part: OrderPart, data: FormData = None, *, now: datetime.datetime) -> PickForm | None:
    """Return the form for lines not yet in a parcel, or None if nothing is left to pick."""
    if part.state != PartState.ACCEPTED:
        return None
    lines = sorted_lines(part)
    still_open = read_unpacked_quantities(lines)
    if data is None and not any(still_open.values()):
        return None
    waiting_substitutes = Substitute.objects.of_order(part.order).waiting().filter(line__in=lines)
    open_lines = {line: still_open[line.pk] for line in lines if still_open[line.pk] > 0}
    return PickForm(
        data,
        lines=lines,
        still_open=still_open,
        substitutes={substitute.line_id: substitute for substitute in waiting_substitutes},
        lots=suggest_lots(open_lines, today=vietnam_date(now)) if open_lines else {},
        initial={"idempotency_key": uuid.uuid4()},
    )


def build_pick_lines(part: OrderPart, pick: PickForm | None, weigh: WeighForm | None) -> list[PickLine]:
    """Return the lines with something to send. `weigh` is a submitted weighing form with errors."""
    lines = sorted_lines(part)
    unsent = ParcelLine.objects.unsent_quantities(lines)
    lines = [line for line in lines if line.quantity > unsent.get(line.pk, 0)]
    pictures, questions = load_line_pictures(lines), _find_latest_questions(lines)
    still_open = pick.still_open if pick else {}
    substitutes = pick.substitutes if pick else {}
    pickable_lines = (
        {
            line.pk
            for line in pick.lines
            if still_open[line.pk] and not line.is_to_weigh and line.pk not in substitutes
        }
        if pick
        else ()
    )
    return [
        PickLine(
            line=line,
            amount=line.count_label(still_open.get(line.pk) or line.quantity - unsent.get(line.pk, 0)),
            picture=pictures.get(line.picture_key or 0),
            still_open=still_open.get(line.pk, 0),
            picked=pick[f"taken-{line.pk}"] if pick and line.pk in pickable_lines else None,
            quantity=pick[f"quantity-{line.pk}"] if pick and line.pk in pickable_lines else None,
            weigh_form=_build_weigh_form(line, weigh)
            if still_open.get(line.pk) == line.quantity and line.pk not in substitutes
            else None,
            question=questions.get(line.pk),
            substitute=substitutes.get(line.pk),
            lots=pick.lots.get(line.pk) if pick and line.pk in pickable_lines else None,
            lot=pick[f"lot-{line.pk}"]
            if pick and line.pk in pickable_lines and line.pk in pick.lots
            else None,
        )
        for line in lines
    ]


def _build_weigh_form(line: OrderLine, submitted: WeighForm | None) -> WeighForm | None:
    if not line.is_sold_by_weight:
        return None
    return submitted if submitted is not None and submitted.line.pk == line.pk else WeighForm(line=line)


def _find_latest_questions(lines: Sequence[OrderLine]) -> dict[uuid.UUID, WeightQuestion]:
    """Return the latest weight question by line. It takes one query, or none if nothing is sold by weight."""
    line_ids_sold_by_weight = [line.pk for line in lines if line.is_sold_by_weight]
    if not line_ids_sold_by_weight:
        return {}
    questions = WeightQuestion.objects.filter(line__in=line_ids_sold_by_weight).in_order()
    return {question.line_id: question for question in questions}
