"""Tasks of the notifications, where Celery looks for them."""

from shop.notifications.send import deliver_task, sweep_task

__all__ = ["deliver_task", "sweep_task"]
