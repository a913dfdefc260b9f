"""Re-exports the app's Celery tasks for autodiscovery."""

from cooperatives.actions.application_documents import delete_due_documents_task
from cooperatives.actions.followers import delete_unconfirmed_follows_task
from cooperatives.actions.join_requests import delete_expired_join_requests_task

__all__ = [
    "delete_due_documents_task",
    "delete_expired_join_requests_task",
    "delete_unconfirmed_follows_task",
]
