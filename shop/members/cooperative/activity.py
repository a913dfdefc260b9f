"""The activity log, which says in plain words what was done for the cooperative."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Unpack

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from cooperatives.access import MemberRight, MembershipContext
from cooperatives.models import Cooperative
from orders.models import RunParcel
from orders.models.handover import REDACTED
from shop.core.actors import ActorKind
from shop.core.dates.calendar import start_of_day, vietnam_date
from shop.core.models import Change
from shop.core.models.change import ChangeQuerySet
from shop.core.web.day_fields import DayField
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.core.web.query_names import QUERY_NAMES, QueryForm
from shop.history.areas import AREA_NAMES, area_condition
from shop.history.change_displays import ChangeDisplay, build_change_displays
from shop.members.actor_names import actor_name, member_names, read_driver_names
from shop.members.member_access import for_members, render_page

PER_PAGE = 30
_DEFAULT_DAYS = 7
_MAX_DAYS = 92
_MEMBERS_AREAS = ("orders", "products", "cooperatives", "discounts", "accounts")
_ALL = ("", pgettext_lazy("report", "All"))


@dataclass(frozen=True, slots=True)
class Activity:
    """A change as members read it. `who` names members only. Others appear by their part in the market.

    `driver_name` is the driver of the run whose parcel was handed over.
    """

    display: ChangeDisplay
    who: str
    driver_name: str = ""


class ActivitySearch(QueryForm):
    """Filters of the activity log. By default it shows the last seven days."""

    actor = forms.ChoiceField(label=pgettext_lazy("audit", "Who"), required=False)
    area = forms.ChoiceField(label=pgettext_lazy("audit", "Area"), required=False)
    from_day = DayField(pgettext_lazy("report", "From"))
    until_day = DayField(pgettext_lazy("report", "To"))

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        people: dict[str, str],
        **options: Unpack[FormOptions],
    ) -> None:
        today = vietnam_date(timezone.now())
        first = today - datetime.timedelta(days=_DEFAULT_DAYS)
        defaults = {
            QUERY_NAMES["from_day"]: f"{first:%d/%m/%Y}",
            QUERY_NAMES["until_day"]: f"{today:%d/%m/%Y}",
        }
        submitted = {name: value for name, value in (data or {}).items() if value}
        super().__init__(defaults | submitted, files, **options)
        areas = [(area, name) for area, name in AREA_NAMES if area in _MEMBERS_AREAS]
        for name, choices in (("actor", [_ALL, *people.items()]), ("area", [_ALL, *areas])):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "input")

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("from_day"), cleaned.get("until_day")
        if first and last and last < first:
            self.add_error("until_day", gettext_lazy("The end date must not be before the start date."))
        elif first and last and (last - first).days > _MAX_DAYS:
            self.add_error("from_day", gettext_lazy("Choose at most three months."))
        return cleaned

    def changes(self, cooperative: Cooperative) -> ChangeQuerySet:
        """Return the cooperative's changes that a valid form selects, newest first."""
        cleaned = self.cleaned_data
        changes = Change.objects.filter(
            cooperative=cooperative.pk,
            created_at__gte=start_of_day(cleaned["from_day"]),
            created_at__lt=start_of_day(cleaned["until_day"] + datetime.timedelta(days=1)),
        )
        if cleaned["actor"]:
            changes = changes.filter(actor_kind=ActorKind.PERSON, actor_key=cleaned["actor"])
        if cleaned["area"]:
            changes = changes.filter(area_condition(cleaned["area"]))
        return changes.newest_first()


@require_safe
@for_members(MemberRight.MANAGE)
def list_activity(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Show what was done for the cooperative, by whom and when."""
    people = member_names(membership.cooperative)
    form = ActivitySearch(request.GET, people=people)
    context: dict[str, object] = {"form": form}
    if form.is_valid():
        page = Paginator(form.changes(membership.cooperative), PER_PAGE).get_page(request.GET.get("page"))
        context |= {
            "page": page,
            "activities": _build_activities(membership.cooperative, list(page.object_list), people),
            "is_filtered": any(request.GET.get(form.add_prefix(name)) for name in form.fields),
        }
    status = 200 if form.is_valid() else 422
    return render_page(request, membership, "members/activity.html", context, status=status)


def _build_activities(
    cooperative: Cooperative, changes: Sequence[Change], people: Mapping[str, str]
) -> list[Activity]:
    """Return what members read of these changes, each event once."""
    drivers = read_driver_names(cooperative)
    handover_drivers = _find_handover_drivers(changes)
    displays = build_change_displays(changes)
    packed = {change.key for change in changes if change.action == "parcel.packed"}
    shortages = {_event_of(change) for change in changes if change.action == "parcel.lines_marked_unsent"}
    reductions = {
        _event_of(display.change): display
        for display in displays
        if display.change.action == "refund.decided" and _event_of(display.change) in shortages
    }
    activities: list[Activity] = []
    for display in displays:
        change = display.change
        if change.action == "parcel.created" and change.key in packed:
            continue  # a parcel that is packed has been begun
        if change.action == "refund.decided" and _event_of(change) in reductions:
            continue  # its amount is named with the missing items
        if change.action == "parcel.lines_marked_unsent" and _event_of(change) in reductions:
            display = replace(display, values=[*display.values, *reductions[_event_of(change)].values])
        who = actor_name(change, people, drivers)
        activity = Activity(display, who, handover_drivers.get(change.pk, ""))
        if not (activities and _reads_alike(activity, activities[-1])):
            activities.append(activity)
    return activities


def _event_of(change: Change) -> tuple[str, datetime.datetime]:
    """Return the order and the moment, which the changes of one action share."""
    return change.root_key, change.created_at


def _find_handover_drivers(changes: Iterable[Change]) -> dict[int, str]:
    """Return by change the driver to whom a run's parcel was handed over. At most one query."""
    handovers = [
        change
        for change in changes
        if change.action == "parcel.handed_over" and not change.data.get("carrier")
    ]
    if not handovers:
        return {}
    run_parcels = list(
        RunParcel.objects.filter(parcel__in=[change.key for change in handovers])
        .exclude(run__driver_name=REDACTED)
        .select_related("run")
        .order_by("pk")
    )
    return {
        change.pk: run_parcel.run.driver_name
        for change in handovers
        for run_parcel in run_parcels
        if str(run_parcel.parcel_id) == change.key
        and run_parcel.run.created_at <= change.created_at
        and (run_parcel.released_at is None or change.created_at <= run_parcel.released_at)
    }


def _reads_alike(first: Activity, second: Activity) -> bool:
    """Return whether two activities say the same of one moment, like a bulletin in two languages."""
    return (
        first.who,
        first.driver_name,
        first.display.text,
        first.display.objects,
        first.display.values,
    ) == (
        second.who,
        second.driver_name,
        second.display.text,
        second.display.objects,
        second.display.values,
    ) and first.display.change.created_at == second.display.change.created_at
