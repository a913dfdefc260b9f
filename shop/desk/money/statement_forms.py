"""Forms for statement uploads and their column mapping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.actions.statements.bank_statements import BANK_COLUMN_NAMES
from orders.models import StatementImport
from shop.core.web.form_options import FormData, Label

MAX_READ_UPLOAD_BYTES = 5_000_001  # one byte above the limit, because the rest need not be read


def statement_file() -> forms.FileField:
    return forms.FileField(
        label=_("Statement"),
        help_text=_("CSV or Excel (XLSX), up to 5 MB."),
        widget=forms.FileInput(attrs={"class": "input", "accept": ".csv,.xlsx,.txt"}),
    )


class ColumnsForm(forms.Form):
    """A column choice for each of `labels`, by heading, or none."""

    labels: ClassVar[dict[str, Label]]

    def __init__(
        self,
        data: FormData = None,
        *,
        statement: StatementImport,
        width: int,
        initial: dict[str, object] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        column_names = [str(column_name) for column_name in statement.column_names] + [""] * max(
            0, width - len(statement.column_names)
        )
        choices = [(str(n), f"{n + 1}. {column_name}".strip()) for n, column_name in enumerate(column_names)]
        for name, label in self.labels.items():
            self.fields[name] = forms.ChoiceField(
                label=label,
                required=False,
                choices=[("", pgettext_lazy("column", "None")), *choices],
                initial=""
                if statement.column_mapping.get(name) is None
                else str(statement.column_mapping[name]),
                widget=forms.Select(attrs={"class": "input"}),
            )

    @property
    def columns(self) -> dict[str, int | None]:
        cleaned = self.cleaned_data
        return {name: int(cleaned[name]) if cleaned[name] else None for name in self.labels}


class BankUploadForm(forms.Form):
    file = statement_file()


class BankColumnsForm(ColumnsForm):
    """The column mapping of a bank statement."""

    labels = dict(
        zip(
            BANK_COLUMN_NAMES,
            [
                _("Date"),
                _("Money in"),
                _("Money out"),
                _("Amount (in or out)"),
                _("Direction (in or out)"),
                _("Transfer note"),
                _("Bank reference"),
                _("Account"),
            ],
            strict=True,
        )
    )

    def __init__(
        self, data: FormData = None, *, statement: StatementImport, width: int, row_numbers: Sequence[int]
    ) -> None:
        super().__init__(data, statement=statement, width=width)
        self.fields["heading"] = forms.TypedChoiceField(
            label=_("Header row"),
            coerce=int,
            choices=[
                ("0", pgettext_lazy("row", "None")),
                *((str(number), str(number)) for number in row_numbers),
            ],
            initial=str(statement.column_mapping["heading"]),
            widget=forms.Select(attrs={"class": "input"}),
        )
        self.order_fields(["heading"])
