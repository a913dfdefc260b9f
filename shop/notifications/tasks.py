"""Import the notifications' tasks where Celery discovers them."""

from shop.notifications.send import deliver_task, sweep_task

__all__ = ["deliver_task", "sweep_task"]
