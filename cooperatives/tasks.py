"""Tasks of the cooperatives, where Celery looks for them."""

from cooperatives.actions.follow import forget_follows_task

__all__ = ["forget_follows_task"]
