"""Tasks of the core, where Celery looks for them."""

from shop.core.change_log import seal_changes_task
from shop.core.limits import delete_expired_limits_task
from shop.core.renditions import make_renditions_task, sweep_pictures_task

__all__ = ["delete_expired_limits_task", "make_renditions_task", "seal_changes_task", "sweep_pictures_task"]
