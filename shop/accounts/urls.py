"""URLs of accounts. The shop passes in the views that depend on higher layers (orders, arrivals)."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from shop.accounts.views import (
    account_pages,
    code_pages,
    consent_pages,
    details_page,
    device_code_pages,
    email_pages,
    passkey_pages,
    registration_pages,
    second_factor_pages,
    second_step_pages,
    session_pages,
)
from shop.accounts.views.sign_in_steps import AfterSignIn


def account_urls(
    *, home: Callable[[HttpRequest], HttpResponseBase], after_sign_in: AfterSignIn
) -> tuple[list[URLPattern], str]:
    """Return URL patterns and namespace, as `include` expects."""
    return [path("", home, name="home"), *_sign_in_urls(after_sign_in), *_ACCOUNT_URLS], "accounts"


def _sign_in_urls(after_sign_in: AfterSignIn) -> list[URLPattern]:
    return [
        path("dang-nhap/", account_pages.sign_in, {"after_sign_in": after_sign_in}, name="sign-in"),
        path("dang-nhap/gui-ma/", code_pages.request_code, name="request-code"),
        path(
            "dang-nhap/ma/", code_pages.enter_code_view, {"after_sign_in": after_sign_in}, name="enter-code"
        ),
        path(
            "dang-nhap/ten/",
            code_pages.create_account_by_code,
            {"after_sign_in": after_sign_in},
            name="create-account-by-code",
        ),
        path("dang-nhap/thiet-bi/", device_code_pages.enter_device_code, name="enter-device-code"),
        path(
            "dang-nhap/khoa/",
            passkey_pages.sign_in_by_passkey,
            {"after_sign_in": after_sign_in},
            name="sign-in-by-passkey",
        ),
        path(
            "dang-nhap/buoc-hai/",
            second_step_pages.enter_second_step,
            {"after_sign_in": after_sign_in},
            name="enter-second-step",
        ),
        path(
            "dang-nhap/buoc-hai/khoa/",
            second_step_pages.enter_second_step_by_passkey,
            {"after_sign_in": after_sign_in},
            name="enter-second-step-by-passkey",
        ),
        path("xac-nhan/", second_step_pages.check_identity, name="check-identity"),
        path("xac-nhan/khoa/", second_step_pages.check_identity_by_passkey, name="check-identity-by-passkey"),
        path("dang-xuat/", account_pages.sign_out, name="sign-out"),
        path("dang-ky/", registration_pages.register, name="register"),
        path(
            "dang-ky/ma/",
            registration_pages.enter_registration_code,
            {"after_sign_in": after_sign_in},
            name="enter-registration-code",
        ),
    ]


_ACCOUNT_URLS = [
    path("thong-tin/", details_page.edit_details, name="details"),
    path("thong-tin/so-dien-thoai/", code_pages.confirm_phone_view, name="confirm-phone"),
    path("thong-tin/thu-dien-tu/", email_pages.change_email_view, name="change-email"),
    path("thong-tin/thu-dien-tu/<str:token>/", email_pages.confirm_email, name="confirm-email"),
    path("thiet-bi/", session_pages.list_sign_ins, name="sign-ins"),
    path("thiet-bi/khac/", session_pages.end_other_sign_ins_view, name="end-other-sign-ins"),
    path("thiet-bi/<int:pk>/", session_pages.end_sign_in_view, name="end-sign-in"),
    path("thiet-bi/ung-dung/<uuid:pk>/", session_pages.end_api_client, name="end-api-client"),
    path("khoa/", passkey_pages.list_passkeys, name="passkeys"),
    path("khoa/moi/", passkey_pages.serve_passkey_options, name="passkey-options"),
    path("khoa/<int:pk>/", passkey_pages.remove_passkey_view, name="remove-passkey"),
    path("hai-buoc/", second_factor_pages.show_second_factor, name="second-factor"),
    path(
        "hai-buoc/ung-dung/",
        second_factor_pages.set_up_authenticator_app,
        name="set-up-authenticator-app",
    ),
    path("hai-buoc/khoa/", second_factor_pages.require_passkey_view, name="require-passkey"),
    path("hai-buoc/ma/", second_factor_pages.renew_recovery_codes_view, name="renew-recovery-codes"),
    path("hai-buoc/tat/", second_factor_pages.turn_off_second_factor_view, name="turn-off-second-factor"),
    path("dong-y/", consent_pages.list_consents, name="consents"),
    path("mat-khau/", account_pages.request_password_link, name="request-password-link"),
    path("mat-khau/<str:uid>/<str:token>/", account_pages.set_password_view, name="set-password"),
]
