"""All declared reports, by the last part of their address."""

from __future__ import annotations

from shop.reports.declared import (
    buyer_reports,
    complaint_reports,
    delivery_reports,
    discount_reports,
    money_reports,
    payment_reports,
    sales_reports,
)
from shop.reports.declared.declaration import Report

ALL_REPORTS: tuple[Report, ...] = (
    sales_reports.ORDERS,
    sales_reports.PRODUCTS,
    discount_reports.DISCOUNTS,
    delivery_reports.PUNCTUALITY,
    delivery_reports.STEPS,
    delivery_reports.FAILURES,
    money_reports.EARNINGS,
    money_reports.MARKET_INCOME,
    payment_reports.PAYMENTS,
    money_reports.REFUNDS,
    buyer_reports.NEW_AND_RETURNING,
    complaint_reports.COMPLAINTS,
)
REPORTS_BY_SLUG = {report.slug: report for report in ALL_REPORTS}
