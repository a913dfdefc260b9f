"""Due payouts as a bulk transfer file for the bank."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from orders.models import Payout
from orders.payments.banks import find_bank
from orders.payments.vietqr import fold_note
from shop.reports.report_files import Cell, ColumnKind, ReportColumn, ReportTable

MAX_HOLDER_LENGTH = 120  # longer than any stored holder, because the bank would refuse a truncated name


def bank_list(payouts: Iterable[Payout]) -> ReportTable:
    """Return one transfer per row, with account numbers as text, and names and notes without diacritics."""
    cells: list[list[Cell]] = [
        [
            number,
            row.bank_account,
            fold_note(row.bank_holder, max_length=MAX_HOLDER_LENGTH).upper(),
            bank.short_name if (bank := find_bank(row.bank_bin)) else row.bank_bin,
            row.bank_bin,
            row.amount,
            fold_note(row.note),
        ]
        for number, row in enumerate(payouts, start=1)
    ]
    columns = [
        ReportColumn(pgettext("bank list", "No."), ColumnKind.COUNT),
        ReportColumn(_("Recipient account")),
        ReportColumn(_("Recipient name")),
        ReportColumn(_("Bank")),
        ReportColumn(_("NAPAS bank code")),
        ReportColumn(_("Amount"), ColumnKind.MONEY),
        ReportColumn(_("Transfer note")),
    ]
    return ReportTable(_("Transfers"), columns, cells)
