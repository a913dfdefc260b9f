"""Print mails on the console, with sender, recipient, subject and plain text, without the HTML."""

from __future__ import annotations

from django.core.mail import EmailMessage
from django.core.mail.backends.console import EmailBackend as ConsoleBackend

_RULE = "─" * 72


class EmailBackend(ConsoleBackend):
    """Used while no mail server is set, as `make run` does."""

    def write_message(self, message: EmailMessage) -> None:
        recipients = ", ".join(message.recipients())
        header = f"From: {message.from_email}\nTo: {recipients}\nSubject: {message.subject}"
        self.stream.write(f"{_RULE}\n{header}\n\n{str(message.body).strip()}\n{_RULE}\n")
