"""Import the accounts' tasks where Celery discovers them."""

from shop.accounts.sign_in.sessions import delete_expired_access_task

__all__ = ["delete_expired_access_task"]
