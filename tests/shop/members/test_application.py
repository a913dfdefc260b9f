"""A cooperative applies to sell and reads the decision; the app's manifest and service worker."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user
from django.test import Client

from cooperatives.models import Cooperative, Membership, Role
from cooperatives.states import CooperativeState
from shop.accounts.models import User
from shop.core.models.geography import Division, DivisionLevel
from shop.core.web.rate_limits import TooManyTries
from shop.notifications.models import Notification
from tests.factories import make_cooperative, make_member, make_user
from tests.markup import html_of
from tests.shop.accounts.sent_codes import altered_code, last_code

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_divisions")]


def commune_of(province: str) -> Division:
    return Division.objects.filter(level=DivisionLevel.COMMUNE, parent__code=province).order_by("pk")[0]


def application_form(**changes: object) -> dict[str, object]:
    fields = {
        "name": "HTX Thiên An",
        "legal_name": "Hợp tác xã Thiên An",
        "registration_number": "SO-MAU-1",
        "registration_issuer": "UBND xã Phủ Thông",
        "registered_on": "2020-05-01",
        "representative": "Người đại diện mẫu",
        "phone": "0987 654 321",
        "province": "19",
        "commune": commune_of("19").code,
        "hamlet": "Thôn Nà Ít",
        "bank_bin": "970405",
        "bank_account": "0000000001",
        "bank_holder": "HTX THIEN AN",
        "story": "Người Dao làm gối.",
    }
    return fields | changes


ACCOUNT = {"account_name": "Bàn Thị Mẫu", "email": "Mau@example.com", "password": "gối-thảo-dược-2026"}


CODE = "/xa-vien/dang-ky/ma/"


def test_new_applicant_gets_an_account_after_entering_the_code(client) -> None:
    submitted = client.post("/xa-vien/dang-ky/", application_form() | ACCOUNT)

    assert submitted.url == CODE
    assert (Cooperative.objects.count(), User.objects.count()) == (0, 0)
    assert "gối-thảo-dược-2026" not in str(dict(client.session))

    response = client.post(CODE, {"code": last_code("mau@example.com")})

    cooperative = Cooperative.objects.get()
    user = User.objects.get()
    assert response.url == "/xa-vien/ho-so/"
    assert (cooperative.state, cooperative.phone, cooperative.province_name) == (
        CooperativeState.APPLIED,
        "+84987654321",
        "Thái Nguyên",
    )
    assert cooperative.email == user.email == "mau@example.com"
    assert user.check_password("gối-thảo-dược-2026")
    assert Membership.objects.get(user=user).role == Role.MANAGER
    assert get_user(client) == user
    assert "application" not in client.session
    assert "Chợ đã nhận hồ sơ của bạn." in html_of(client.get("/xa-vien/ho-so/"))


def test_wrong_code_creates_nothing_and_keeps_the_entered_data(client) -> None:
    client.post("/xa-vien/dang-ky/", application_form() | ACCOUNT)

    response = client.post(CODE, {"code": altered_code(last_code("mau@example.com"))})

    assert "Mã không đúng hoặc đã hết hạn." in html_of(response)
    assert (Cooperative.objects.count(), User.objects.count()) == (0, 0)
    assert "Người Dao làm gối." in html_of(client.get("/xa-vien/dang-ky/"))
    assert Client().post(CODE, {"code": "000000"}).url == "/xa-vien/dang-ky/"


def test_applicants_code_can_be_sent_again(client) -> None:
    client.post("/xa-vien/dang-ky/", application_form() | ACCOUNT)

    second_response = client.post(CODE, {"resend": "1"})
    client.post(CODE, {"code": last_code("mau@example.com")})

    assert second_response.url == CODE
    assert Cooperative.objects.get().state == CooperativeState.APPLIED


def test_signed_in_applicant_uses_their_account(client) -> None:
    user = make_user()
    client.force_login(user)

    client.post("/xa-vien/dang-ky/", application_form())

    assert Membership.objects.get().user == user
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("commune", "99999"),
        ("province", "99"),
        ("registered_on", "2999-01-01"),
        ("bank_account", "12 34"),
        ("bank_bin", "123456"),
        ("phone", "12"),
        ("name", ""),
        ("password", "12345678"),
    ],
)
def test_invalid_field_shows_an_error_and_keeps_the_other_input(client, field, value) -> None:
    response = client.post("/xa-vien/dang-ky/", application_form() | ACCOUNT | {field: value})

    assert field in response.context["form"].errors
    assert "Người Dao làm gối." in html_of(response)
    assert Cooperative.objects.count() == 0


def test_unusual_phone_number_warns_and_is_accepted(client) -> None:
    client.post("/xa-vien/dang-ky/", application_form(phone="0123 456 789") | ACCOUNT)
    response = client.post(CODE, {"code": last_code("mau@example.com")}, follow=True)

    assert [str(message) for message in response.context["messages"]] == [
        "Số điện thoại có vẻ chưa đúng. Hãy kiểm tra lại. Chợ đã lưu đúng như bạn nhập."
    ]
    assert Cooperative.objects.count() == 1


def test_communes_are_reloaded_without_scripts_and_input_is_kept(client) -> None:
    response = client.post("/xa-vien/dang-ky/", application_form(commune="", reload="1") | ACCOUNT)

    page = html_of(response)
    assert f'value="{commune_of("19").code}"' in page
    assert 'value="Hợp tác xã Thiên An"' in page
    assert 'class="errors' not in page
    assert Cooperative.objects.count() == 0


def test_member_is_redirected_to_their_cooperative(client) -> None:
    client.force_login(make_member(make_cooperative()))

    assert client.get("/xa-vien/dang-ky/").url == "/xa-vien/ho-so/"
    assert client.get("/xa-vien/ho-so/").url == "/xa-vien/"


def test_non_member_is_redirected_to_the_application(client) -> None:
    client.force_login(make_user())

    assert client.get("/xa-vien/").url == "/xa-vien/dang-ky/"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (CooperativeState.APPLIED, "Chợ đã nhận hồ sơ của bạn."),
        (CooperativeState.NEEDS_MORE, "Chợ cần thêm thông tin:"),
        (CooperativeState.REJECTED, "Chợ chưa chấp nhận được hồ sơ này."),
    ],
)
def test_application_state_is_shown_with_its_reason(client, state, words) -> None:
    client.force_login(make_member(make_cooperative(state=state, state_reason="Ảnh mờ")))

    response = client.get("/xa-vien/")
    page = html_of(client.get("/xa-vien/ho-so/"))

    assert response.url == "/xa-vien/ho-so/"
    assert words in page
    assert ("Ảnh mờ" in page) == (state != CooperativeState.APPLIED)


def test_requested_correction_is_submitted_again(client) -> None:
    cooperative = make_cooperative(state=CooperativeState.NEEDS_MORE, state_reason="Ảnh mờ")
    client.force_login(make_member(cooperative))

    client.post("/xa-vien/ho-so/", application_form(registration_number="SO-MAU-2"))

    cooperative.refresh_from_db()
    assert (cooperative.state, cooperative.registration_number) == (CooperativeState.APPLIED, "SO-MAU-2")


def test_application_under_review_cannot_be_changed(client) -> None:
    cooperative = make_cooperative(state=CooperativeState.APPLIED, registration_number="CU")
    client.force_login(make_member(cooperative))

    client.post("/xa-vien/ho-so/", application_form(registration_number="MOI"))

    cooperative.refresh_from_db()
    assert cooperative.registration_number == "CU"


def test_rejected_applicant_applies_again_and_sees_the_newer_application(client) -> None:
    user = make_member(make_cooperative("HTX Cũ", state=CooperativeState.REJECTED, state_reason="Không"))
    client.force_login(user)

    client.post("/xa-vien/dang-ky/", application_form(name="HTX Mới"))

    assert "HTX Mới" in html_of(client.get("/xa-vien/ho-so/"))


def test_applications_per_network_are_limited(client) -> None:
    for number in range(20):
        Client().post(
            "/xa-vien/dang-ky/", application_form() | ACCOUNT | {"email": f"nguoi-{number}@example.com"}
        )

    response = client.post("/xa-vien/dang-ky/", application_form() | ACCOUNT)

    assert response.context["form"].non_field_errors() == [str(TooManyTries.default_message)]
    assert Notification.objects.filter(key__startswith="code:").count() == 20


def test_manifest_starts_at_the_members_home_page(client) -> None:
    response = client.get("/xa-vien/app.webmanifest")

    manifest = json.loads(response.content)
    assert response.headers["Content-Type"] == "application/manifest+json"
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == (
        "/xa-vien/",
        "/xa-vien/",
        "standalone",
    )
    assert [icon["purpose"] for icon in manifest["icons"]] == ["any", "any", "maskable"]


def test_service_worker_caches_the_members_offline_page_of_each_language(client) -> None:
    response = client.get("/xa-vien/worker.js")

    assert response.headers["Content-Type"] == "text/javascript"
    assert '{ start: "/xa-vien/", offline: "/xa-vien/offline/" }' in html_of(response)
    assert '{ start: "/en/xa-vien/", offline: "/en/xa-vien/offline/" }' in html_of(response)
