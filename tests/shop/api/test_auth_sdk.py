"""Saleor's own client from npm signs in here: it takes our tokens, refreshes them and lets them go."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import playwright
import pytest

from tests.factories import PASSWORD, make_channel, make_user
from tests.shop.api.client import data_of
from tests.shop.api.test_passwords import NEW, REDIRECT, RESET, values_in_the_last_letter

pytestmark = pytest.mark.django_db(transaction=True)

NODE = Path(playwright.__file__).parent / "driver/node"
PACKAGES = Path(__file__).parent / "npm"


def run_by_node(script: str, **given: str) -> dict[str, dict[str, Any]]:
    """What a script prints, which finds the packages of others beside it."""
    done = subprocess.run(
        [NODE, PACKAGES / script, json.dumps(given)],
        env={"NODE_PATH": str(PACKAGES)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.once
def test_saleor_auth_sdk_signs_in_signs_out_and_resets_password(live_server, settings):
    settings.PUBLIC_URL = live_server.url  # the client hands its token only to the server that issued it
    settings.API_CLIENT_HOSTS = ["127.0.0.1"]
    make_channel()
    user = make_user()
    known = {"email": user.email}
    buyer = {"api": f"{live_server.url}/graphql/", "email": user.email}

    told = run_by_node("sign_in.js", **buyer, password=PASSWORD)
    kept = told["signedIn"].pop("refreshToken")
    data_of(RESET, email=user.email, to=REDIRECT)
    _letter, values = values_in_the_last_letter()
    told_later = run_by_node(
        "new_password.js", **buyer, password=NEW, token=values["token"], refreshToken=kept
    )

    assert told == {
        "wrong": {
            "errors": [["email", "INVALID_CREDENTIALS"]],
            "state": "signedOut",
            "sent": ["tokenCreate"],
        },
        "signedIn": {"errors": [], "state": "signedIn", "me": known, "sent": ["tokenCreate", "me by token"]},
        "expired": {  # one refresh for two questions at once
            "me": [known, known],
            "state": "signedIn",
            "sent": ["refreshToken", "me by token", "me by token"],
        },
        "signedOut": {"state": "signedOut", "refreshToken": None, "me": None, "sent": ["me"]},
    }
    assert told_later == {
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
    assert user.check_password(NEW)
