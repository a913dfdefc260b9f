"""Re-exports the app's Celery tasks for autodiscovery."""

from cooperatives.actions.followers import forget_follows_task

__all__ = ["forget_follows_task"]
