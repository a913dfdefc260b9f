"""Re-exports the app's Celery tasks for autodiscovery."""

from cooperatives.actions.followers import delete_unconfirmed_follows_task

__all__ = ["delete_unconfirmed_follows_task"]
