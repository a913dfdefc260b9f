"""The audit page: every recorded change, filtered by actor, kind, object and period, also as CSV."""

from __future__ import annotations

import datetime
from typing import Unpack

from django import forms
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.http import require_safe

from orders.models import Order
from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor, EntryPoint
from shop.core.dates.calendar import VIETNAM, start_of_day, vietnam_date
from shop.core.models import Change
from shop.core.models.change import ChangeQuerySet
from shop.core.texts.formatting import translated_reason
from shop.core.web.day_fields import DayField
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.core.web.query_names import QUERY_NAMES, QueryForm
from shop.history.areas import AREA_NAMES, area_condition
from shop.history.change_displays import ChangeDisplay, build_change_displays
from shop.reports.report_files import ReportColumn, ReportTable, as_csv
from shop.staff_pages import staff_only

PER_PAGE = 50
_MAX_LISTED_CHANGES = 1000  # staff do not turn more pages
_MAX_EXPORTED = 20_000
_DEFAULT_DAYS = 30
_ALL = ("", pgettext_lazy("report", "All"))
# Choices of the interface filter beside the interfaces. The system's own rows would crowd out the others.
_PEOPLE, _ANY = "people", "any"
_INTERFACES = [
    (_PEOPLE, pgettext_lazy("audit", "People, without the system")),
    (_ANY, pgettext_lazy("audit", "All, with the system")),
    *EntryPoint.choices,
]


class AuditSearch(QueryForm):
    """Filters of the audit page. By default it shows what people did in the last 30 days."""

    actor = forms.CharField(label=pgettext_lazy("audit", "Who"), required=False, max_length=250)
    area = forms.ChoiceField(
        label=pgettext_lazy("audit", "Area"), required=False, choices=[_ALL, *AREA_NAMES]
    )
    interface = forms.ChoiceField(label=pgettext_lazy("audit", "Via"), required=False, choices=_INTERFACES)
    changed_object = forms.CharField(
        label=pgettext_lazy("audit", "Order code or id"), required=False, max_length=60
    )
    from_day = DayField(pgettext_lazy("report", "From"))
    until_day = DayField(pgettext_lazy("report", "To"))

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[FormOptions]
    ) -> None:
        today = vietnam_date(timezone.now())
        first = today - datetime.timedelta(days=_DEFAULT_DAYS)
        defaults = {
            QUERY_NAMES["from_day"]: f"{first:%d/%m/%Y}",
            QUERY_NAMES["until_day"]: f"{today:%d/%m/%Y}",
            QUERY_NAMES["interface"]: _PEOPLE,
        }
        submitted = {name: value for name, value in (data or {}).items() if value}
        super().__init__(defaults | submitted, files, **options)
        for name, field in self.fields.items():
            field.widget.attrs.setdefault("class", "input")
            if name in ("actor", "changed_object"):
                field.widget.attrs |= {"autocomplete": "off", "type": "search"}

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("from_day"), cleaned.get("until_day")
        if first and last and last < first:
            self.add_error("until_day", _("The end date must not be before the start date."))
        return cleaned

    def changes(self) -> ChangeQuerySet:
        """Return the changes that a valid form selects, newest first."""
        cleaned = self.cleaned_data
        rows = Change.objects.filter(
            created_at__gte=start_of_day(cleaned["from_day"]),
            created_at__lt=start_of_day(cleaned["until_day"] + datetime.timedelta(days=1)),
        )
        if cleaned["actor"]:
            rows = rows.filter(_actor_condition(cleaned["actor"]))
        if cleaned["area"]:
            rows = rows.filter(area_condition(cleaned["area"]))
        if cleaned["interface"] == _PEOPLE:
            rows = rows.exclude(entry_point=EntryPoint.SYSTEM)
        elif cleaned["interface"] != _ANY:
            rows = rows.filter(entry_point=cleaned["interface"])
        if cleaned["changed_object"]:
            rows = rows.filter(_object_condition(cleaned["changed_object"]))
        return rows.order_by("-created_at", "-pk")


@require_safe
@staff_only(Permission.MANAGE_STAFF)
@require_recent_sign_in
def list_changes(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show recorded changes, or export them with `?format=csv`."""
    form = AuditSearch(request.GET)
    if not form.is_valid():
        return render(request, "desk/audit.html", {"form": form}, status=422)
    changes = form.changes()
    if request.GET.get("format") == "csv":
        return _csv_response(build_change_displays(changes[:_MAX_EXPORTED]))
    page = Paginator(changes[:_MAX_LISTED_CHANGES], PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "history": build_change_displays(page.object_list),
        "listed": _MAX_LISTED_CHANGES,
        "exported": _MAX_EXPORTED,
    }
    return render(request, "desk/audit.html", context)


def _actor_condition(text: str) -> Q:
    people = User.objects.filter(
        Q(email__istartswith=text) | Q(phone=text) | Q(first_name__icontains=text)
    ).order_by("pk")[:200]
    keys = [str(key) for key in people.values_list("pk", flat=True)]
    return Q(actor_name__icontains=text) | Q(actor_kind="person", actor_key__in=keys)


def _object_condition(text: str) -> Q:
    """Return the condition for changes of the row with this id, or of the order with this code."""
    keys = [str(key) for key in Order.objects.matching(text).values_list("pk", flat=True)[:50]]
    return Q(key=text) | Q(root_key=text) | Q(root_kind="orders.order", root_key__in=keys)


def _csv_response(history: list[ChangeDisplay]) -> HttpResponse:
    labels = [
        pgettext("audit", "Time"),
        pgettext("audit", "Text"),
        pgettext("audit", "Object"),
        pgettext("audit", "Changed values"),
        pgettext("audit", "Who"),
        pgettext("audit", "Via"),
        pgettext("audit", "Reason"),
        pgettext("audit", "Action"),
        pgettext("audit", "Id"),
    ]
    rows = [
        [
            entry.change.created_at.astimezone(VIETNAM).isoformat(timespec="seconds"),
            entry.text,
            "; ".join(str(changed) for changed in entry.objects),
            "; ".join(str(value) for value in entry.values),
            entry.actor_name,
            entry.entry_point,
            translated_reason(entry.change.reason),
            entry.change.action,
            entry.change.key,
        ]
        for entry in history
    ]
    content = as_csv(ReportTable("audit", [ReportColumn(label) for label in labels], rows))
    headers = {"Content-Disposition": 'attachment; filename="nhat-ky.csv"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)
