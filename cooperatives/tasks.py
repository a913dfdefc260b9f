"""Tasks of the cooperatives, where Celery looks for them."""

from cooperatives.actions.followers import forget_follows_task

__all__ = ["forget_follows_task"]
