"""Account pages, and sessions that can open them."""

from __future__ import annotations

import datetime
import time
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone

from orders.actions.privacy.data_export import make_export
from orders.actions.privacy.data_requests import (
    record_consent,
    record_deletion_obstacle,
    request_data_copy,
    submit_guest_request,
)
from shop.accounts.models import CodePurpose, ConsentPurpose, DataExport, RequestKind, SignInMethod, User
from shop.accounts.personal.data_requests import Requester, file_request
from shop.accounts.registration.email_links import email_change_token
from shop.accounts.sign_in.one_time_codes import send_code
from shop.accounts.sign_in.sessions import record_sign_in
from shop.accounts.views.recent_sign_in import SECOND_FACTOR_KEY
from shop.accounts.views.session_presence import SESSION_KEY as SIGNED_IN_AT
from shop.accounts.views.sign_in_steps import PENDING_KEY
from shop.core.actors import Actor
from shop.notifications.models import ContactMethod
from tests.factories import make_user
from tests.shop.accounts.factors import give_app

_IN, DATA = "/tai-khoan/dang-nhap/", "/tai-khoan/du-lieu/"
# Each address, its visitor, and the data sent.
ACCOUNT_PAGES: list[tuple[str, str, dict[str, Any] | None]] = [
    (f"{_IN}?lai=1&next=/tai-khoan/khoa/", "buyer", None),
    (f"{_IN}gui-ma/", "guest", None),
    (f"{_IN}gui-ma/", "guest", {"phone": "113"}),
    (f"{_IN}ma/", "guest with a code", None),
    (f"{_IN}ma/", "guest with a code", {"code": "x"}),
    (f"{_IN}ten/", "guest with a number", None),
    (f"{_IN}ten/", "guest with a number", {"name": ""}),
    (f"{_IN}ten/", "guest with a known number", None),
    (f"{_IN}buoc-hai/", "guest at the second step", None),
    ("/tai-khoan/xac-nhan/?next=/tai-khoan/khoa/", "buyer with an app", None),
    ("/tai-khoan/hai-buoc/", "buyer just in", None),
    ("/tai-khoan/hai-buoc/", "buyer with an app", None),
    ("/tai-khoan/hai-buoc/ung-dung/", "buyer just in", None),
    ("/tai-khoan/thong-tin/so-dien-thoai/", "buyer just in", None),
    ("/tai-khoan/thiet-bi/", "buyer just in", None),
    ("/tai-khoan/thiet-bi/", "buyer", None),
    ("/tai-khoan/khoa/", "buyer just in", None),
    ("/tai-khoan/thong-tin/thu-dien-tu/", "buyer just in", None),
    ("/tai-khoan/thong-tin/thu-dien-tu/", "buyer just in", {"email": "x"}),
    ("/tai-khoan/dong-y/", "buyer", None),
    (DATA, "buyer", None),
    (f"{DATA}yeu-cau/", "buyer", None),
    (f"{DATA}yeu-cau/", "guest", None),
    (f"{DATA}yeu-cau/", "guest", {"kind": "correction", "contact": "113"}),
    (f"{DATA}yeu-cau/ma/", "guest with a request", None),
    (f"{DATA}yeu-cau/ma/", "guest with a request", {"code": "x"}),
    (f"{DATA}xoa/", "buyer just in", None),
    (f"{DATA}xoa/", "newcomer just in", None),
]


def account_sessions(buyer: User) -> dict[str, str]:
    """Return sessions in the middle of signing in, and of a buyer who has just signed in."""
    return_urls = {"next": "", "back": ""}
    sign_in_code = _send_code(CodePurpose.SIGN_IN, "+84987000001") | return_urls
    known_phone = {"to": buyer.phone or "", "at": time.time()} | return_urls
    just_in = _save_fresh_session(
        buyer, code=_send_code(CodePurpose.CONFIRM_NUMBER, buyer.phone or "") | return_urls
    )
    data_request = {"kind": "correction", "name": "Hoa", "message": "Sai tên"}
    app_user = give_app(make_user(first_name="Sáu"))
    second_step = {
        "user": app_user.pk,
        "hash": app_user.get_session_auth_hash(),
        "way": SignInMethod.PASSWORD.value,
        "confirmed_phone": "",
        "at": time.time() + 36_000,
    }
    record_sign_in(
        user_id=buyer.pk,
        session_key=just_in,
        method=SignInMethod.PASSWORD,
        ip_address="203.0.113.9",
        user_agent="Mozilla/5.0 (Linux; Android 14) Chrome/131.0",
        now=timezone.now(),
    )
    return {
        "guest with a code": save_session(code=sign_in_code),
        "guest with a number": save_session(confirmed_phone=known_phone | {"to": "+84987000002"}),
        "guest with a known number": save_session(confirmed_phone=known_phone),
        "guest with a request": save_session(
            code=_send_code(CodePurpose.DATA_REQUEST, "+84987000003") | return_urls, data_request=data_request
        ),
        "buyer just in": just_in,
        "guest at the second step": save_session(**{PENDING_KEY: second_step | return_urls}),
        "buyer with an app": _save_fresh_session(app_user, **{SECOND_FACTOR_KEY: True}),
        "newcomer just in": _save_fresh_session(make_user(first_name="Năm")),
    }


def data_pages(buyer: User) -> list[tuple[str, str]]:
    """Return data requests of a buyer and a guest in each state: their pages, and who opens them."""
    now, actor = timezone.now(), Actor.system("test")
    record_consent(user_id=buyer.pk, purpose=ConsentPurpose.NEWS, actor=actor, now=now)
    overdue = now - datetime.timedelta(days=40)
    requester = Requester(ContactMethod.EMAIL, "khach@example.com", "Khách", "vi")
    rows = [
        file_request(
            kind=RequestKind.CORRECTION,
            requester=Requester.from_user(buyer),
            message="Sai tên",
            actor=actor,
            now=overdue,
        ),
        submit_guest_request(kind=RequestKind.DELETION, requester=requester, text="", actor=actor, now=now),
        request_data_copy(requester=requester, actor=actor, now=now),
        request_data_copy(requester=Requester.from_user(buyer), actor=actor, now=now),
    ]
    record_deletion_obstacle(request_id=rows[1].pk, obstacle="Còn đơn hàng chưa giao xong.", now=now)
    make_export(request_id=rows[2].pk, now=now)
    desk = "/quan-tri/du-lieu-ca-nhan/"
    token = email_change_token(buyer, "moi@example.com")
    return [
        (f"/tai-khoan/thong-tin/thu-dien-tu/{token}/", "buyer"),
        (f"{DATA}ban-sao/{DataExport.objects.get(request=rows[2]).pk}/", "guest"),
        *((f"{desk}{page}", "admin") for page in ("", "?o=done", "?o=withdrawn")),
        *((f"{desk}{row.pk}/", "admin") for row in rows),
    ]


def lasting_proof_time() -> str:
    """Return a confirmation time that stays recent while all pages are visited (ten minutes)."""
    return (timezone.now() + datetime.timedelta(days=1)).isoformat()


def _save_fresh_session(user: User, **values: Any) -> str:
    return save_session(
        **values,
        **{
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
            SIGNED_IN_AT: lasting_proof_time(),
        },
    )


def save_session(**values: Any) -> str:
    """Return the key of a saved session with these values."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session.update(values)
    session.save()
    return str(session.session_key)


def _send_code(purpose: CodePurpose, phone: str) -> dict[str, Any]:
    key = send_code(
        purpose=purpose,
        contact_method=ContactMethod.SMS,
        recipient=phone,
        language="vi",
        user_id=None,
        now=timezone.now(),
    )
    return {"id": str(key), "to": phone, "purpose": purpose.value, "at": time.time()}
