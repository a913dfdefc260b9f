"""Each case reads the settings in a separate process."""

import os
import re
import subprocess
import sys
from ast import literal_eval

import pytest
import stripe

pytestmark = pytest.mark.once

SERVER = {
    "DATABASE_URL": "postgres://shop:p%40ss@db.internal:5433/market?sslmode=require",
    "REDIS_URL": "redis://cache.internal/0",
    "SECRET_KEY": "k" * 50,
    "ALLOWED_HOSTS": "shop.example, www.shop.example",
    "PUBLIC_URL": "https://shop.example",
    "EMAIL_HOST": "mail.internal",
    "DEFAULT_FROM_EMAIL": "shop@shop.example",
}
CARDS = {
    "STRIPE_SECRET_KEY": "sk_live_1",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1",
}


def read(tmp_path, expression, **variables):
    """Evaluate `expression` with only these variables set, and return the value or the refusal's message."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    code = f"from django.conf import settings; print(({expression}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **environment,
            "DJANGO_SETTINGS_MODULE": "shop.settings",
            "DATA_DIR": str(tmp_path),
            **variables,
        },
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def test_embedded_shop_needs_no_settings(tmp_path) -> None:
    output = read(tmp_path, "settings.SERVER, settings.DEBUG, settings.DATABASES['default']['ENGINE']")

    assert output == "(False, False, 'shop.sqlite')"


def test_acknowledged_order_is_on_the_disk(tmp_path) -> None:
    """2 is FULL: each commit waits for the disk, so a power cut loses none."""
    query = "__import__('django.db').db.connection.cursor().execute('PRAGMA synchronous').fetchone()"

    assert read(tmp_path, query) == "(2,)"


def test_generated_key_stays_and_is_private(tmp_path) -> None:
    first = read(tmp_path, "settings.SECRET_KEY")
    second = read(tmp_path, "settings.SECRET_KEY")

    assert first == second == (tmp_path / "secret_key").read_text()
    assert len(first) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("unset", sorted(SERVER))
def test_server_without_one_setting_refuses_and_names_it(tmp_path, unset) -> None:
    other_settings = {name: value for name, value in SERVER.items() if name != unset}

    output = read(tmp_path, "settings.SERVER", **other_settings)

    assert output.startswith("django.core.exceptions.ImproperlyConfigured: The shop is only half configured.")
    assert f"Set {unset}, or unset" in output


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"EMAIL_HOST": "mail.internal"}, "DEFAULT_FROM_EMAIL"),
        ({"EMAIL_HOST_USER": "shop"}, "EMAIL_HOST_PASSWORD, EMAIL_HOST"),
        ({"EMAIL_HOST_PASSWORD": "secret"}, "EMAIL_HOST_USER, EMAIL_HOST"),
        ({"MEDIA_URL": "https://cdn.example/"}, "MEDIA_ROOT"),
        ({"STRIPE_SECRET_KEY": "sk_live_1"}, "STRIPE_PUBLISHABLE_KEY, STRIPE_WEBHOOK_SECRET"),
        ({"STRIPE_PUBLISHABLE_KEY": "pk_live_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}, "STRIPE_SECRET_KEY"),
    ],
)
def test_incomplete_group_refuses_and_names_the_missing_settings(tmp_path, variables, named) -> None:
    output = read(tmp_path, "settings.SERVER", **variables)

    assert f"half configured. Set {named}, or unset" in output


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"PORT": "eight"}, "PORT must be a whole number, not 'eight'."),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must have at least 50 characters."),
        ({"PUBLIC_URL": "shop.example"}, "PUBLIC_URL must start with https://"),
        ({**SERVER, "DEBUG": "1"}, "DEBUG exposes the inside of the shop to strangers"),
        ({**SERVER, "DATABASE_URL": "mysql://db/shop"}, "DATABASE_URL must start with postgres://"),
        (
            {**SERVER, "DATABASE_URL": "postgres://db/shop?prepare_threshold=off"},
            "DATABASE_URL's prepare_threshold must be a whole number or none.",
        ),
        ({**CARDS, "STRIPE_SECRET_KEY": "pk_live_1"}, "STRIPE_SECRET_KEY must be a secret key"),
        (
            {**CARDS, "STRIPE_PUBLISHABLE_KEY": "sk_live_1"},
            "STRIPE_PUBLISHABLE_KEY must be a publishable key",
        ),
        (
            {**CARDS, "STRIPE_SECRET_KEY": "sk_test_1"},
            "One of Stripe's keys is for tests and the other is not.",
        ),
    ],
)
def test_invalid_value_is_refused_with_an_explanation(tmp_path, variables, words) -> None:
    output = read(tmp_path, "settings.SERVER", **variables)

    assert words in output


@pytest.mark.parametrize(
    ("host", "listens_at", "public_url", "allowed"),
    [
        ("127.0.0.1", "127.0.0.1:8000", r"http://127\.0\.0\.1:8000", ["localhost", "127.0.0.1", "[::1]"]),
        ("::1", "[::1]:8000", r"http://\[::1\]:8000", ["localhost", "127.0.0.1", "[::1]"]),
        (
            "192.168.1.20",
            "192.168.1.20:8000",
            r"http://192\.168\.1\.20:8000",
            ["localhost", "127.0.0.1", "[::1]", "192.168.1.20"],
        ),
        ("0.0.0.0", "0.0.0.0:8000", r"http://(?!0\.)\d+\.\d+\.\d+\.\d+:8000", ["*"]),
        ("::", "[::]:8000", r"http://(?!0\.)\d+\.\d+\.\d+\.\d+:8000", ["*"]),
    ],
)
def test_allowed_hosts_follow_the_host(tmp_path, host, listens_at, public_url, allowed) -> None:
    output = read(tmp_path, "[settings.LISTENS_AT, settings.PUBLIC_URL, settings.ALLOWED_HOSTS]", HOST=host)

    at, address, hosts = literal_eval(output)
    assert (at, hosts) == (listens_at, allowed)
    assert re.fullmatch(public_url, address)


def test_cards_are_off_until_stripe_keys_are_set(tmp_path) -> None:
    expression = "settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL, settings.STRIPE_JS_URL"

    without_keys = literal_eval(read(tmp_path, expression))
    with_keys = literal_eval(read(tmp_path, expression, **CARDS))

    addresses = ("https://api.stripe.com", "https://js.stripe.com/endive/stripe.js")
    assert without_keys == ("", *addresses)
    assert with_keys == ("sk_live_1", *addresses)


def test_stripe_script_has_the_version_of_the_library(tmp_path) -> None:
    version = stripe.api_version.partition(".")[2]

    output = read(tmp_path, "settings.STRIPE_JS_URL")

    assert output == f"https://js.stripe.com/{version}/stripe.js"


def test_complete_server_is_read_as_configured(tmp_path) -> None:
    output = read(
        tmp_path,
        "settings.DATABASES['default']['HOST'], settings.DATABASES['default']['PORT'],"
        " settings.DATABASES['default']['PASSWORD'], settings.DATABASES['default']['OPTIONS'],"
        " settings.ALLOWED_HOSTS, settings.SESSION_COOKIE_SECURE, settings.CELERY_BROKER_URL",
        **SERVER,
    )

    assert output == (
        "('db.internal', 5433, 'p@ss', {'sslmode': 'require', 'prepare_threshold': 1},"
        " ['shop.example', 'www.shop.example'], True, 'redis://cache.internal/0')"
    )


def test_phone_codes_are_offered_where_text_messages_arrive(tmp_path) -> None:
    by_sms = {"SMS_URL": "https://sms.internal/", "SMS_TOKEN": "t"}

    phone_codes = [
        read(tmp_path, "settings.PHONE_CODES", **variables) for variables in ({}, SERVER, SERVER | by_sms)
    ]

    assert phone_codes == ["True", "False", "True"]


@pytest.mark.parametrize(
    ("variables", "is_open"),
    [
        ({}, False),
        ({"HOST": "::1"}, False),
        ({"HOST": "localhost", "ALLOWED_HOSTS": "localhost,shop.localhost"}, False),
        ({"HOST": "0.0.0.0"}, True),
        ({"HOST": "::"}, True),
        ({"HOST": "192.168.1.7"}, True),
        ({"PUBLIC_URL": "https://shop.example"}, True),
        ({"ALLOWED_HOSTS": "shop.example"}, True),
        (SERVER, True),
    ],
)
def test_shop_is_open_to_the_network_when_any_setting_says_so(tmp_path, variables, is_open) -> None:
    assert read(tmp_path, "settings.OPEN_TO_NETWORK", **variables) == str(is_open)
