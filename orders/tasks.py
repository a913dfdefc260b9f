"""Collect the Celery tasks of `orders` where Celery discovers them."""

from orders.actions.alerts.escalate_alerts import escalate_alerts_task
from orders.actions.alerts.stock_alerts import raise_stock_alerts_task
from orders.actions.bank_transfers.receive_transfers import (
    process_bank_webhook_task,
    process_bank_webhooks_task,
)
from orders.actions.cash_on_delivery.cash_offset import (
    offset_all_collected_cash_task,
    offset_collected_cash_task,
)
from orders.actions.complaints.file_complaint import escalate_complaints_task
from orders.actions.fulfilment.recalls import send_recall_notices_task
from orders.actions.gateway.send_gateway_calls import (
    look_up_call_task,
    look_up_calls_task,
    send_call_task,
    sweep_card_payments_task,
)
from orders.actions.gateway.stripe_webhooks import handle_stripe_event_task, handle_stripe_events_task
from orders.actions.payouts.surplus_refunds import refund_ended_orders_task
from orders.actions.placement.order_sweeps import (
    check_unanswered_parts_task,
    expire_orders_task,
    release_expired_reservations_task,
    remind_weight_questions_task,
)
from orders.actions.privacy.data_export import make_export_task, make_exports_task
from orders.actions.privacy.data_requests import run_due_deletions_task
from orders.actions.privacy.handover_names import delete_handover_names_task
from orders.actions.quotes.sales_terms import trim_terms_journal_task
from orders.actions.refunds.answer_substitute import expire_substitutes_task
from orders.actions.statements.bank_statements import apply_bank_statement_task, resume_bank_statements_task
from orders.actions.statements.cod_statements import apply_cod_statement_task, resume_cod_statements_task

__all__ = [
    "apply_bank_statement_task",
    "apply_cod_statement_task",
    "check_unanswered_parts_task",
    "delete_handover_names_task",
    "escalate_alerts_task",
    "escalate_complaints_task",
    "expire_orders_task",
    "expire_substitutes_task",
    "handle_stripe_event_task",
    "handle_stripe_events_task",
    "look_up_call_task",
    "look_up_calls_task",
    "make_export_task",
    "make_exports_task",
    "offset_all_collected_cash_task",
    "offset_collected_cash_task",
    "process_bank_webhook_task",
    "process_bank_webhooks_task",
    "raise_stock_alerts_task",
    "refund_ended_orders_task",
    "release_expired_reservations_task",
    "remind_weight_questions_task",
    "resume_bank_statements_task",
    "resume_cod_statements_task",
    "run_due_deletions_task",
    "send_call_task",
    "send_recall_notices_task",
    "sweep_card_payments_task",
    "trim_terms_journal_task",
]
