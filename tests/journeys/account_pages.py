"""The pages of an account, and the sessions that lead to them."""

from __future__ import annotations

import datetime
import time
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone

from shop.accounts.codes import send_code
from shop.accounts.models import CodePurpose, SignInWay, User
from shop.accounts.places import keep_sign_in
from shop.accounts.views.presence import SESSION_KEY as SIGNED_IN_AT
from shop.notifications.models import Way

_IN = "/tai-khoan/dang-nhap/"
# Each address, who opens it, and what they send.
ACCOUNT_PAGES: list[tuple[str, str, dict[str, Any] | None]] = [
    (f"{_IN}?lai=1&next=/tai-khoan/khoa/", "buyer", None),
    (f"{_IN}gui-ma/", "guest", None),
    (f"{_IN}gui-ma/", "guest", {"phone": "113"}),
    (f"{_IN}ma/", "guest with a code", None),
    (f"{_IN}ma/", "guest with a code", {"code": "x"}),
    (f"{_IN}ten/", "guest with a number", None),
    (f"{_IN}ten/", "guest with a number", {"name": ""}),
    (f"{_IN}ten/", "guest with a known number", None),
    ("/tai-khoan/thong-tin/so-dien-thoai/", "buyer just in", None),
    ("/tai-khoan/thiet-bi/", "buyer just in", None),
    ("/tai-khoan/thiet-bi/", "buyer", None),
    ("/tai-khoan/khoa/", "buyer just in", None),
]


def account_sessions(buyer: User) -> dict[str, str]:
    """People on their way in, and a buyer who has just come in."""
    way = {"next": "", "back": ""}
    entering = _sent(CodePurpose.ENTER, "+84987000001") | way
    known = {"to": buyer.phone or "", "at": time.time()} | way
    just_in = kept_session(
        **{
            SESSION_KEY: str(buyer.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: buyer.get_session_auth_hash(),
            # Looking at every page may take longer than a sign-in is fresh.
            SIGNED_IN_AT: (timezone.now() + datetime.timedelta(days=1)).isoformat(),
            "code": _sent(CodePurpose.CONFIRM, buyer.phone or "") | way,
        }
    )
    keep_sign_in(
        user_id=buyer.pk,
        session_key=just_in,
        way=SignInWay.PASSWORD,
        address="203.0.113.9",
        agent="Mozilla/5.0 (Linux; Android 14) Chrome/131.0",
        now=timezone.now(),
    )
    return {
        "guest with a code": kept_session(code=entering),
        "guest with a number": kept_session(shown_phone=known | {"to": "+84987000002"}),
        "guest with a known number": kept_session(shown_phone=known),
        "buyer just in": just_in,
    }


def kept_session(**values: Any) -> str:
    """The key of a session that holds these values."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session.update(values)
    session.save()
    return str(session.session_key)


def _sent(purpose: CodePurpose, to: str) -> dict[str, Any]:
    key = send_code(purpose=purpose, way=Way.SMS, to=to, language="vi", user_id=None, now=timezone.now())
    return {"id": str(key), "to": to, "purpose": purpose.value, "at": time.time()}
