"""Published demo passwords are replaced where others can reach the shop."""

import datetime
import re
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.core.checks import Tags, run_checks
from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings
from django.utils import timezone

from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.models import Change, Channel
from shop.management.commands.run import Command as Run
from shop.management.demo_state.accounts import ACCOUNTS, PUBLISHED_PASSWORDS
from shop.management.demo_state.passwords import (
    find_accounts_with_published_password,
    passwords_file,
    replace_published_passwords,
    save_passwords,
)

RANDOM = r"[a-z2-9]{4}(?:-[a-z2-9]{4}){3}"
SERVER = {"SERVER": True, "OPEN_TO_NETWORK": True}
NOW = datetime.datetime(2026, 11, 27, 5, 0, tzinfo=datetime.UTC)


class Terminal(StringIO):
    def isatty(self):
        return True


def seed(out=None, **options):
    out = StringIO() if out is None else out
    call_command("seed_demo", orders=0, later=True, stdout=out, **options)
    return out.getvalue()


def take_over_demo_accounts():
    """Give each demo account another address, so that seeding opens new ones."""
    for user in User.objects.filter(email__in=PUBLISHED_PASSWORDS):
        User.objects.filter(pk=user.pk).update(
            email=f"earlier-{user.email}", phone=None, phone_confirmed_at=None
        )


def open_demo_accounts():
    return [User.objects.create_user(email=account.email, password=account.password) for account in ACCOUNTS]


@pytest.fixture
def embedded(settings, tmp_path):
    settings.SERVER = settings.OPEN_TO_NETWORK = False
    settings.DATA_DIR = tmp_path
    return settings


@pytest.fixture
def server(embedded):
    embedded.SERVER = embedded.OPEN_TO_NETWORK = True
    return embedded


@pytest.fixture
def opened_to_network(embedded):
    embedded.OPEN_TO_NETWORK = True
    return embedded


@pytest.mark.django_db
def test_server_refuses_the_demo(server) -> None:
    with pytest.raises(CommandError, match="nothing was added"):
        seed()

    assert (User.objects.count(), Channel.objects.count(), Change.objects.count()) == (0, 0, 0)


@pytest.mark.django_db
def test_shop_with_a_real_account_refuses_the_demo(embedded) -> None:
    User.objects.create_user(email="chi@example.vn", password="mot-mat-khau-dai")

    with pytest.raises(CommandError, match="nothing was added"):
        seed()

    assert (User.objects.count(), Channel.objects.count(), Change.objects.count()) == (1, 0, 0)


class SeededTests(TestCase):
    """A server whose demo was seeded on an empty database, once per class.

    Where accounts are missing, seeding opens them as it does at first.
    """

    @classmethod
    def setUpTestData(cls):
        with TemporaryDirectory() as folder, override_settings(**SERVER, DATA_DIR=Path(folder)):
            cls.output = seed(Terminal(), allow_on_server=True)
            cls.saved_files = {path.name for path in Path(folder).iterdir()}

    @pytest.fixture(autouse=True)
    def _set_data_folder(self, server) -> None:
        self.settings = server

    def test_server_that_allows_the_demo_shows_random_passwords_once(self) -> None:
        second_output = seed(Terminal(), allow_on_server=True)

        shown_passwords = dict(re.findall(rf"(\S+@\S+), ({RANDOM})$", self.output, re.MULTILINE))
        assert shown_passwords.keys() == PUBLISHED_PASSWORDS.keys()
        assert [
            email
            for email in shown_passwords
            if not User.objects.get(email=email).check_password(shown_passwords[email])
        ] == []
        assert find_accounts_with_published_password() == []
        assert re.findall(rf"\b{RANDOM}\b", second_output) == []
        assert passwords_file().name not in self.saved_files
        assert not passwords_file().exists()

    def test_server_log_gets_no_password(self) -> None:
        take_over_demo_accounts()

        output = seed(allow_on_server=True)

        assert re.findall(rf"\b{RANDOM}\b", output) == []
        assert [password for password in PUBLISHED_PASSWORDS.values() if password in output] == []
        assert output.count("changepassword") == len(ACCOUNTS)
        assert User.objects.filter(email__in=PUBLISHED_PASSWORDS).count() == len(ACCOUNTS)
        assert find_accounts_with_published_password() == []

    def test_shop_open_to_its_network_saves_random_passwords_privately(self) -> None:
        take_over_demo_accounts()
        self.settings.SERVER = False

        output = seed(verbosity=0)

        saved_passwords = dict(line.split() for line in passwords_file().read_text().splitlines())
        assert saved_passwords.keys() == PUBLISHED_PASSWORDS.keys()
        assert [
            email
            for email in saved_passwords
            if not User.objects.get(email=email).check_password(saved_passwords[email])
        ] == []
        assert [
            password
            for password in [*saved_passwords.values(), *PUBLISHED_PASSWORDS.values()]
            if password in output
        ] == []
        assert passwords_file().stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db(transaction=True)
def test_accounts_get_random_passwords_when_the_shop_is_opened_later(opened_to_network) -> None:
    open_demo_accounts()
    changed = User.objects.get(email=ACCOUNTS[0].email)
    changed.set_password("cua-rieng-toi-2026")
    changed.save()

    fresh = replace_published_passwords(actor=Actor.system("run"), now=timezone.now())
    save_passwords(fresh)
    save_passwords({})

    assert fresh.keys() == PUBLISHED_PASSWORDS.keys() - {ACCOUNTS[0].email}
    assert find_accounts_with_published_password() == []
    assert User.objects.get(email=ACCOUNTS[0].email).check_password("cua-rieng-toi-2026")
    assert dict(line.split() for line in passwords_file().read_text().splitlines()) == fresh


@pytest.mark.django_db
@pytest.mark.parametrize("place", ["server", "opened_to_network"])
def test_run_prints_no_password_where_others_reach_the_shop(place, request) -> None:
    request.getfixturevalue(place)
    open_demo_accounts()
    out = StringIO()

    Run(stdout=out)._announce()

    assert [password for password in PUBLISHED_PASSWORDS.values() if password in out.getvalue()] == []
    assert ("demo-passwords" in out.getvalue()) == (place == "opened_to_network")


@pytest.mark.django_db
def test_run_prints_published_passwords_only_while_they_are_valid(embedded) -> None:
    open_demo_accounts()
    before, after = StringIO(), StringIO()

    Run(stdout=before)._announce()
    save_passwords({ACCOUNTS[0].email: "abcd-efgh-jkmn-pqrs"})
    Run(stdout=after)._announce()

    assert [password for password in PUBLISHED_PASSWORDS.values() if password not in before.getvalue()] == []
    assert [password for password in PUBLISHED_PASSWORDS.values() if password in after.getvalue()] == []
    assert str(passwords_file()) in after.getvalue()


@pytest.mark.django_db
def test_server_is_warned_of_accounts_with_a_published_password(server) -> None:
    users = open_demo_accounts()
    users[0].set_password("cua-rieng-toi-2026")
    users[0].save()
    User.objects.filter(pk=users[1].pk).update(is_active=False)

    warnings = [
        check for check in run_checks(tags=[Tags.database], databases=["default"]) if check.id == "shop.W001"
    ]

    assert [warning.obj for warning in warnings] == users[2:]


@pytest.mark.django_db
def test_embedded_shop_is_not_warned(embedded) -> None:
    open_demo_accounts()

    warnings = run_checks(tags=[Tags.database], databases=["default"])

    assert [warning for warning in warnings if warning.id == "shop.W001"] == []
