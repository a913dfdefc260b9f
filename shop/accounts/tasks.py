"""Import the accounts' tasks where Celery discovers them."""

from shop.accounts.sign_in.sessions import sweep_entrance_task

__all__ = ["sweep_entrance_task"]
