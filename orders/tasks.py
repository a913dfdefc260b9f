"""Collect the Celery tasks of `orders` where Celery discovers them."""

from orders.actions.bank_transfers.bank_webhooks import handle_notice_task, handle_notices_task
from orders.actions.cash_on_delivery.cash_offset import settle_all_kept_cash_task, settle_kept_cash_task
from orders.actions.complaints.file_complaint import watch_complaints_task
from orders.actions.gateway.gateway_calls import (
    follow_cards_task,
    look_up_call_task,
    look_up_calls_task,
    make_call_task,
)
from orders.actions.gateway.stripe_webhooks import handle_event_task, handle_events_task
from orders.actions.payouts.refund_execution import return_surplus_task
from orders.actions.placement.order_sweeps import (
    expire_orders_task,
    release_expired_task,
    watch_parts_task,
    watch_weights_task,
)
from orders.actions.privacy.data_export import make_export_task, make_exports_task
from orders.actions.privacy.data_requests import run_deletions_task
from orders.actions.statements.bank_statements import take_bank_statement_task, take_bank_statements_task
from orders.actions.statements.cod_statements import take_statement_task, take_statements_task

__all__ = [
    "expire_orders_task",
    "follow_cards_task",
    "handle_event_task",
    "handle_events_task",
    "handle_notice_task",
    "handle_notices_task",
    "look_up_call_task",
    "look_up_calls_task",
    "make_call_task",
    "make_export_task",
    "make_exports_task",
    "release_expired_task",
    "return_surplus_task",
    "run_deletions_task",
    "settle_all_kept_cash_task",
    "settle_kept_cash_task",
    "take_bank_statement_task",
    "take_bank_statements_task",
    "take_statement_task",
    "take_statements_task",
    "watch_complaints_task",
    "watch_parts_task",
    "watch_weights_task",
]
