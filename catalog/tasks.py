"""Tasks of the catalogue, where Celery looks for them."""

from catalog.actions.promotions import refresh_promotion_task, refresh_promotions_task

__all__ = ["refresh_promotion_task", "refresh_promotions_task"]
