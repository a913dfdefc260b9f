"""URLs of accounts. The shop passes in the views that depend on higher layers (orders, arrivals)."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from shop.accounts.views import (
    account_pages,
    code_pages,
    consent_pages,
    device_codes,
    email_pages,
    passkey_pages,
    registration,
    second_factor,
    second_step,
    session_pages,
)
from shop.accounts.views.sign_in_steps import AfterSignIn


def account_urls(
    *, home: Callable[[HttpRequest], HttpResponseBase], after_sign_in: AfterSignIn
) -> tuple[list[URLPattern], str]:
    """Return URL patterns and namespace, as `include` expects."""
    return [
        path("", home, name="home"),
        path("dang-nhap/", account_pages.sign_in, {"after_sign_in": after_sign_in}, name="sign-in"),
        path("dang-nhap/gui-ma/", code_pages.code_request, name="code-request"),
        path("dang-nhap/ma/", code_pages.code, {"after_sign_in": after_sign_in}, name="code"),
        path("dang-nhap/ten/", code_pages.code_name, {"after_sign_in": after_sign_in}, name="code-name"),
        path("dang-nhap/thiet-bi/", device_codes.device_code, name="device-code"),
        path(
            "dang-nhap/khoa/",
            passkey_pages.passkey_sign_in,
            {"after_sign_in": after_sign_in},
            name="passkey-sign-in",
        ),
        path(
            "dang-nhap/buoc-hai/",
            second_step.second_step,
            {"after_sign_in": after_sign_in},
            name="second-step",
        ),
        path(
            "dang-nhap/buoc-hai/khoa/",
            second_step.second_step_passkey,
            {"after_sign_in": after_sign_in},
            name="second-step-passkey",
        ),
        path("xac-nhan/", second_step.identity_check, name="identity-check"),
        path("xac-nhan/khoa/", second_step.identity_check_passkey, name="identity-check-passkey"),
        path("dang-xuat/", account_pages.sign_out, name="sign-out"),
        path("dang-ky/", registration.register, name="register"),
        path(
            "dang-ky/ma/", registration.register_code, {"after_sign_in": after_sign_in}, name="register-code"
        ),
        path("thong-tin/", account_pages.details, name="details"),
        path("thong-tin/so-dien-thoai/", code_pages.phone_confirmation, name="phone-confirmation"),
        path("thong-tin/thu-dien-tu/", email_pages.email, name="email"),
        path("thong-tin/thu-dien-tu/<str:token>/", email_pages.email_confirmation, name="email-confirmation"),
        path("thiet-bi/", session_pages.sign_ins, name="sessions"),
        path("thiet-bi/khac/", session_pages.other_sign_ins_end, name="other-sessions-end"),
        path("thiet-bi/<int:pk>/", session_pages.sign_in_end, name="session-end"),
        path("thiet-bi/ung-dung/<uuid:pk>/", session_pages.api_client_end, name="api-client-end"),
        path("khoa/", passkey_pages.passkeys, name="passkeys"),
        path("khoa/moi/", passkey_pages.passkey_options, name="passkey-options"),
        path("khoa/<int:pk>/", passkey_pages.passkey_removal, name="passkey-removal"),
        path("hai-buoc/", second_factor.second_factor, name="second-factor"),
        path("hai-buoc/ung-dung/", second_factor.authenticator_app, name="authenticator-app"),
        path("hai-buoc/khoa/", second_factor.second_factor_passkeys, name="second-factor-passkeys"),
        path("hai-buoc/ma/", second_factor.recovery_codes, name="recovery-codes"),
        path("hai-buoc/tat/", second_factor.second_factor_end, name="second-factor-end"),
        path("dong-y/", consent_pages.consents, name="consents"),
        path("mat-khau/", account_pages.password_link, name="password-reset"),
        path("mat-khau/<str:uid>/<str:token>/", account_pages.password, name="password"),
    ], "accounts"
