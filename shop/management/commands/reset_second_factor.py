"""`manage.py reset_second_factor NAME`: reset an account's second factor, for the last administrator."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from shop.accounts.registration.accounts import find_user
from shop.accounts.second_factor.factors import reset_second_factor
from shop.core.actors import Actor
from shop.core.errors import Refused


class Command(BaseCommand):
    help = "Remove the app, passkeys and recovery codes of an account, and sign it out everywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="email address or phone number")
        parser.add_argument("--reason", default="manage.py reset_second_factor", help="the reason to record")

    def handle(self, *, name: str, reason: str, **options: object) -> None:
        user = find_user(name)
        if user is None:
            raise CommandError(f"There is no account {name}.")
        try:
            reset_second_factor(
                user_id=user.pk,
                reason=reason,
                actor=Actor.system("reset_second_factor"),
                now=timezone.now(),
            )
        except Refused as refused:
            raise CommandError(str(refused.message)) from refused
        print(f"The second factor of {name} is reset. Sign in with the password alone.")
