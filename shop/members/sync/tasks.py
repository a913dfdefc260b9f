"""Import the task where Celery discovers it."""

from shop.members.sync.run_commands import delete_old_commands_task

__all__ = ["delete_old_commands_task"]
