"""Tasks of the core, where Celery looks for them."""

from shop.core.renditions import make_renditions_task, sweep_pictures_task

__all__ = ["make_renditions_task", "sweep_pictures_task"]
