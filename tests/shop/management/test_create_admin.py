import pytest
from django.core.management import CommandError, call_command

from shop.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def password(monkeypatch):
    return lambda value: monkeypatch.setenv("ADMIN_PASSWORD", value)


def test_admin_is_created_with_staff_and_superuser_rights(password) -> None:
    password("mot-mat-khau-dai")

    call_command("create_admin", "Lan@Example.vn", "--name", "Triệu Thị Lan")

    lan = User.objects.get()
    assert lan.email == "lan@example.vn"
    assert lan.name == "Triệu Thị Lan"
    assert lan.is_staff
    assert lan.is_superuser
    assert lan.check_password("mot-mat-khau-dai")


@pytest.mark.parametrize(
    ("email", "words", "expected"),
    [
        ("no-address", "mot-mat-khau-dai", "email"),
        ("lan@example.vn", "12345678", "mật khẩu"),
        ("lan@example.vn", "ngan", "too short|quá ngắn"),
    ],
)
def test_invalid_address_or_weak_password_creates_nobody(password, email, words, expected) -> None:
    password(words)

    with pytest.raises(CommandError, match=f"(?i){expected}"):
        call_command("create_admin", email)

    assert User.objects.count() == 0


def test_existing_account_is_not_changed(password) -> None:
    User.objects.create_user(email="lan@example.vn", password="cua-rieng-toi")
    password("mot-mat-khau-dai")

    with pytest.raises(CommandError, match="exists already"):
        call_command("create_admin", "lan@example.vn")

    lan = User.objects.get()
    assert lan.check_password("cua-rieng-toi")
    assert lan.is_staff is False
