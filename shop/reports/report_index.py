"""The list of reports."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Report:
    """A report: URL name, title and description."""

    url_name: str
    name: Promise
    description: Promise


REPORTS = (
    Report(
        "reports:sales",
        _("Sales"),
        _("Orders by day, week or month, and by cooperative, category, product or place."),
    ),
)
