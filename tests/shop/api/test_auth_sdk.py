"""Saleor's auth SDK from npm signs in, refreshes its tokens and signs out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import playwright
import pytest

from tests.factories import PASSWORD, make_channel, make_user
from tests.shop.api.client import data_of
from tests.shop.api.test_passwords import NEW_PASSWORD, REDIRECT, RESET, link_values_in_last_email

pytestmark = pytest.mark.django_db(transaction=True)

NODE = Path(playwright.__file__).parent / "driver/node"
PACKAGES = Path(__file__).parent / "npm"


def run_in_node(script: str, **arguments: str) -> dict[str, dict[str, Any]]:
    """Run a script that finds npm packages beside it, and return the JSON that it prints."""
    done = subprocess.run(
        [NODE, PACKAGES / script, json.dumps(arguments)],
        env={"NODE_PATH": str(PACKAGES)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.once
def test_saleor_auth_sdk_signs_in_signs_out_and_resets_password(live_server, settings) -> None:
    settings.PUBLIC_URL = live_server.url  # the client hands its token only to the server that issued it
    settings.API_CLIENT_HOSTS = ["127.0.0.1"]
    make_channel()
    user = make_user()
    known = {"email": user.email}
    buyer = {"api": f"{live_server.url}/graphql/", "email": user.email}

    sign_in_steps = run_in_node("sign_in.js", **buyer, password=PASSWORD)
    refresh_token = sign_in_steps["signedIn"].pop("refreshToken")
    data_of(RESET, email=user.email, to=REDIRECT)
    _email, values = link_values_in_last_email()
    reset_steps = run_in_node(
        "new_password.js", **buyer, password=NEW_PASSWORD, token=values["token"], refreshToken=refresh_token
    )

    assert sign_in_steps == {
        "wrong": {
            "errors": [["email", "INVALID_CREDENTIALS"]],
            "state": "signedOut",
            "sent": ["tokenCreate"],
        },
        "signedIn": {"errors": [], "state": "signedIn", "me": known, "sent": ["tokenCreate", "me by token"]},
        "expired": {  # one refresh for two concurrent requests
            "me": [known, known],
            "state": "signedIn",
            "sent": ["refreshToken", "me by token", "me by token"],
        },
        "signedOut": {"state": "signedOut", "refreshToken": None, "me": None, "sent": ["me"]},
    }
    assert reset_steps == {
        "before": {"me": known, "state": "signedIn", "sent": ["refreshToken", "me by token"]},
        "wrong": {"errors": [["token", "INVALID"]], "state": "signedOut", "sent": ["passwordReset"]},
        "reset": {"errors": [], "state": "signedIn", "me": known, "sent": ["passwordReset", "me by token"]},
        "elsewhere": {
            "me": None,
            "state": "signedOut",
            "refreshToken": None,
            "sent": ["refreshToken", "me"],
        },
    }
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)
