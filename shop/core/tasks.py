"""Import the core's tasks where Celery discovers them."""

from shop.core.change_log.seal_changes import seal_changes_task
from shop.core.images.renditions import make_renditions_task, sweep_pictures_task
from shop.core.web.rate_limits import delete_expired_limits_task

__all__ = ["delete_expired_limits_task", "make_renditions_task", "seal_changes_task", "sweep_pictures_task"]
