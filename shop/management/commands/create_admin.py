"""`manage.py create_admin EMAIL`: create the first account with access to the desk."""

from __future__ import annotations

import getpass
import os
from argparse import ArgumentParser

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from shop.accounts.models import User


class Command(BaseCommand):
    help = "Create a platform admin. Asks for the password, or reads it from ADMIN_PASSWORD."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="", help="full name")

    def handle(self, *, email: str, name: str, **options: object) -> None:
        password = os.environ.get("ADMIN_PASSWORD") or getpass.getpass("Password: ")
        try:
            validate_email(email)
            password_validation.validate_password(password, User(email=email, first_name=name))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        try:
            with transaction.atomic():
                user = User.objects.create_user(
                    email=email, password=password, first_name=name, is_staff=True, is_superuser=True
                )
        except IntegrityError as error:
            raise CommandError(f"An account with the address {email} exists already.") from error
        self.stdout.write(f"{user.email} may now sign in at /quan-tri/.")
