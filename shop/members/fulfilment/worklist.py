"""Parts of orders as tasks with their contents and urgency, in a fixed number of queries."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from orders.models import OrderLine, OrderPart, ParcelLine, Substitute, WeightQuestion
from orders.models.part import OrderPartQuerySet
from orders.states import ParcelKind, ParcelState, PartState
from shop.core.models import Picture
from shop.core.texts.formatting import format_short_day
from shop.members.order_texts import contents_labels, ready_time, sorted_lines

URGENT_PERIOD = datetime.timedelta(hours=4)
_MAX_PRODUCTS_NAMED_IN_TASK = 3


class Stage(StrEnum):
    """The next step of a part. The values appear in URLs."""

    ACCEPT = "nhan"
    PACK = "dong"
    HAND_OVER = "gui"
    ON_THE_WAY = "duong"
    FINISHED = "xong"


STAGE_NAMES = {
    Stage.ACCEPT: gettext_lazy("To accept"),
    Stage.PACK: gettext_lazy("To pack"),
    Stage.HAND_OVER: gettext_lazy("To hand over"),
    Stage.ON_THE_WAY: gettext_lazy("On the way"),
    Stage.FINISHED: gettext_lazy("Completed"),
}


@dataclass(frozen=True, slots=True)
class PartTask:
    """A part in a list. A part with a `weighing_text` or `substitute_text` cannot be packed with others."""

    part: OrderPart
    contents: str
    picture: Picture | None
    # The text and icon of the task's tag. `tone` is its colour, and `urgency` the colour of the border.
    text: str
    tone: str
    urgency: str
    icon: str
    # Lines sold by weight that are to be weighed or wait for the buyer's answer, or an empty text.
    weighing_text: str = ""
    # Says that the buyer has to answer about a substitute, or is empty.
    substitute_text: str = ""
    # Says that a picked parcel has no label yet, or is empty.
    label_text: str = ""


def at_stage(parts: OrderPartQuerySet, stage: Stage) -> OrderPartQuerySet:
    """Return the parts at this stage, in order of urgency."""
    return {
        Stage.ACCEPT: parts.awaiting_acceptance,
        Stage.PACK: parts.to_pack,
        Stage.HAND_OVER: parts.awaiting_handover,
        Stage.ON_THE_WAY: parts.on_the_way,
        Stage.FINISHED: parts.finished,
    }[stage]()


def build_tasks(parts: Sequence[tuple[OrderPart, Stage]], *, now: datetime.datetime) -> list[PartTask]:
    """Build the tasks of parts (loaded with their orders and delivery methods), each with its stage."""
    prefetch_related_objects([part for part, _stage in parts], "lines", "parcels")
    lines = {part.pk: sorted_lines(part) for part, _stage in parts}
    all_lines = [line for part_lines in lines.values() for line in part_lines]
    pictures = load_line_pictures(all_lines)
    unsent = _read_unsent_quantities([part for part, _stage in parts])
    lines_to_pack = [line for part, stage in parts if stage == Stage.PACK for line in lines[part.pk]]
    line_ids_with_question = _find_line_ids_with_question(lines_to_pack)
    part_ids_awaiting_answer = _find_part_ids_awaiting_substitute_answer(lines_to_pack)
    return [
        _build_task(
            part,
            stage,
            lines[part.pk],
            pictures,
            line_ids_with_question,
            part_ids_awaiting_answer,
            unsent,
            now,
        )
        for part, stage in parts
    ]


def load_line_pictures(lines: Sequence[OrderLine]) -> dict[int, Picture]:
    """Return the lines' pictures by id, by one query. Deleted pictures are missing."""
    return Picture.objects.in_bulk({line.picture_key for line in lines if line.picture_key})


def format_time_left(until: datetime.datetime, now: datetime.datetime) -> str:
    """Format the time left as `2 hours 10 minutes`, rounded down. From two days on it names only days."""
    minutes = max(0, int((until - now).total_seconds() // 60))
    days, hours = minutes // 1440, minutes // 60
    if days >= 2:
        return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
    texts = []
    if hours:
        texts.append(ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours})
    if minutes % 60 or not hours:
        remaining_minutes = minutes % 60
        texts.append(
            ngettext("%(count)d minute", "%(count)d minutes", remaining_minutes)
            % {"count": remaining_minutes}
        )
    return " ".join(texts)


def _build_task(
    part: OrderPart,
    stage: Stage,
    lines: Sequence[OrderLine],
    pictures: dict[int, Picture],
    line_ids_with_question: set[uuid.UUID],
    part_ids_awaiting_answer: set[int],
    unsent: Mapping[uuid.UUID, int],
    now: datetime.datetime,
) -> PartTask:
    text, tone, urgency, icon = _describe_task(part, stage, now)
    weighing_text = _weighing_status(lines, line_ids_with_question) if stage == Stage.PACK else ""
    picture = next((pictures[line.picture_key] for line in lines if line.picture_key in pictures), None)
    substitute_text = (
        _("Waiting for the buyer's answer about a substitute") if part.pk in part_ids_awaiting_answer else ""
    )
    labels = contents_labels(lines, unsent)
    named = ", ".join(labels[:_MAX_PRODUCTS_NAMED_IN_TASK])
    # A number stays on the line of its unit or multiplication sign.
    contents = re.sub(r"(?<=\d) ", "\N{NO-BREAK SPACE}", named)
    contents += "…" if len(labels) > _MAX_PRODUCTS_NAMED_IN_TASK else ""
    is_unlabelled = any(parcel.state == ParcelState.PACKING for parcel in part.parcels.all())
    label_text = _("Picked, not labelled yet") if is_unlabelled else ""
    return PartTask(
        part=part,
        contents=contents,
        picture=picture,
        text=text,
        tone=tone,
        urgency=urgency,
        icon=icon,
        weighing_text=weighing_text,
        substitute_text=substitute_text,
        label_text=label_text,
    )


def _read_unsent_quantities(parts: Sequence[OrderPart]) -> Mapping[uuid.UUID, int]:
    """Return by line id how many sales units were missing or substituted. No query if everything is sent."""
    lines = [
        line
        for part in parts
        if any(parcel.kind == ParcelKind.REFUND for parcel in part.parcels.all())
        for line in part.lines.all()
    ]
    return ParcelLine.objects.unsent_quantities(lines) if lines else {}


def _find_line_ids_with_question(lines: Sequence[OrderLine]) -> set[uuid.UUID]:
    """Return the lines with an open weight question.

    It takes one query, or none if nothing is to be weighed.
    """
    to_weigh = [line.pk for line in lines if line.is_to_weigh]
    if not to_weigh:
        return set()
    return set(WeightQuestion.objects.open().filter(line__in=to_weigh).values_list("line", flat=True))


def _find_part_ids_awaiting_substitute_answer(lines: Sequence[OrderLine]) -> set[int]:
    """Return the parts of these lines with an unanswered substitute.

    It takes one query, or none without lines.
    """
    if not lines:
        return set()
    waiting_substitutes = Substitute.objects.waiting().filter(line__in=lines)
    return set(waiting_substitutes.values_list("line__part", flat=True))


def _weighing_status(lines: Sequence[OrderLine], line_ids_with_question: set[uuid.UUID]) -> str:
    to_weigh = {line.pk for line in lines if line.is_to_weigh}
    if to_weigh - line_ids_with_question:
        return _("To weigh")
    return _("Waiting for the buyer's answer") if to_weigh else ""


def _describe_task(part: OrderPart, stage: Stage, now: datetime.datetime) -> tuple[str, str, str, str]:
    """Return the text, tone, urgency and icon of a task."""
    if stage == Stage.ACCEPT:
        if part.accept_by is None:
            return _("Waiting for your answer"), "wait", "soon", "clock"
        is_urgent = part.accept_by - now < URGENT_PERIOD
        text = _("%(time)s left") % {"time": format_time_left(part.accept_by, now)}
        return text, "bad" if is_urgent else "wait", "urgent" if is_urgent else "soon", "clock"
    if stage == Stage.PACK:
        text, is_today = ready_time(part, now, format_day=format_short_day)
        return text, "bad" if is_today else "wait", "urgent" if is_today else "soon", "clock"
    if stage == Stage.HAND_OVER:
        return pgettext("step", "Packed"), "good", "done", "check"
    if stage == Stage.ON_THE_WAY:
        if any(parcel.state == ParcelState.FAILED_DELIVERY for parcel in part.parcels.all()):
            return _("Delivery failed"), "bad", "urgent", "triangle-alert"
        if part.is_pickup:
            return _("Waiting for pickup"), "info", "", "package-open"
        return _("On the way"), "info", "", "truck"
    if part.state == PartState.ACCEPTED:
        return str(part.get_progress_display()).capitalize(), "good", "done", "check"
    return str(part.get_state_display()).capitalize(), "", "", "circle-x"
