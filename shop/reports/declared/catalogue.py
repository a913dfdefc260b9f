"""All declared reports, by the last part of their address."""

from __future__ import annotations

from shop.reports.declared import (
    buyer_reports,
    complaint_reports,
    delivery_reports,
    discount_reports,
    line_reports,
    lost_sales_reports,
    money_reports,
    payment_reports,
    sales_reports,
    waiting_reports,
)
from shop.reports.declared.declaration import Report

ALL_REPORTS: tuple[Report, ...] = (
    sales_reports.ORDERS,
    sales_reports.PRODUCTS,
    line_reports.PRICES,
    line_reports.WHOLESALE,
    line_reports.WEIGHED,
    discount_reports.DISCOUNTS,
    lost_sales_reports.ENDED_PARTS,
    lost_sales_reports.EXPIRED,
    lost_sales_reports.BASKETS,
    waiting_reports.OPEN_PARTS,
    waiting_reports.ACCEPTANCE,
    delivery_reports.PUNCTUALITY,
    delivery_reports.STEPS,
    delivery_reports.FAILURES,
    lost_sales_reports.SUBSTITUTES,
    money_reports.EARNINGS,
    money_reports.MARKET_INCOME,
    line_reports.COMMISSION,
    line_reports.TAX,
    payment_reports.PAYMENTS,
    money_reports.REFUNDS,
    buyer_reports.NEW_AND_RETURNING,
    complaint_reports.COMPLAINTS,
)
REPORTS_BY_SLUG = {report.slug: report for report in ALL_REPORTS}
