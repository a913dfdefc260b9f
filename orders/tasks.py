"""Tasks of the orders, where Celery looks for them."""

from orders.actions.sweeps import expire_orders_task, release_expired_task, watch_parts_task

__all__ = ["expire_orders_task", "release_expired_task", "watch_parts_task"]
