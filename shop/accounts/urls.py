"""Addresses of accounts. What stands above accounts, the shop hands in: orders, and arrivals."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from shop.accounts.views import (
    codes,
    consents,
    device_codes,
    emails,
    pages,
    passkeys,
    places,
    registration,
    second_factor,
    second_step,
)
from shop.accounts.views.entering import Arrive


def addresses(
    *, home: Callable[[HttpRequest], HttpResponseBase], arrive: Arrive
) -> tuple[list[URLPattern], str]:
    """The addresses with their namespace, as `include` takes them."""
    return [
        path("", home, name="home"),
        path("dang-nhap/", pages.sign_in, {"arrive": arrive}, name="sign-in"),
        path("dang-nhap/gui-ma/", codes.code_sending, name="code-sending"),
        path("dang-nhap/ma/", codes.code, {"arrive": arrive}, name="code"),
        path("dang-nhap/ten/", codes.code_name, {"arrive": arrive}, name="code-name"),
        path("dang-nhap/thiet-bi/", device_codes.device_code, name="device-code"),
        path("dang-nhap/khoa/", passkeys.passkey_sign_in, {"arrive": arrive}, name="passkey-sign-in"),
        path("dang-nhap/buoc-hai/", second_step.second_step, {"arrive": arrive}, name="second-step"),
        path(
            "dang-nhap/buoc-hai/khoa/",
            second_step.second_step_passkey,
            {"arrive": arrive},
            name="second-step-passkey",
        ),
        path("xac-nhan/", second_step.identity_check, name="identity-check"),
        path("xac-nhan/khoa/", second_step.identity_check_passkey, name="identity-check-passkey"),
        path("dang-xuat/", pages.sign_out, name="sign-out"),
        path("dang-ky/", registration.register, name="register"),
        path("dang-ky/ma/", registration.register_code, {"arrive": arrive}, name="register-code"),
        path("thong-tin/", pages.details, name="details"),
        path("thong-tin/so-dien-thoai/", codes.phone_confirmation, name="phone-confirmation"),
        path("thong-tin/thu-dien-tu/", emails.email, name="email"),
        path("thong-tin/thu-dien-tu/<str:token>/", emails.email_confirmation, name="email-confirmation"),
        path("thiet-bi/", places.places, name="places"),
        path("thiet-bi/khac/", places.other_places, name="other-places"),
        path("thiet-bi/<int:pk>/", places.place, name="place"),
        path("thiet-bi/ung-dung/<uuid:pk>/", places.program, name="program"),
        path("khoa/", passkeys.passkeys, name="passkeys"),
        path("khoa/moi/", passkeys.passkey_options, name="passkey-options"),
        path("khoa/<int:pk>/", passkeys.passkey_removal, name="passkey-removal"),
        path("hai-buoc/", second_factor.second_factor, name="second-factor"),
        path("hai-buoc/ung-dung/", second_factor.authenticator_app, name="authenticator-app"),
        path("hai-buoc/khoa/", second_factor.second_factor_passkeys, name="second-factor-passkeys"),
        path("hai-buoc/ma/", second_factor.recovery_codes, name="recovery-codes"),
        path("hai-buoc/tat/", second_factor.second_factor_end, name="second-factor-end"),
        path("dong-y/", consents.consents, name="consents"),
        path("mat-khau/", pages.password_link, name="password-reset"),
        path("mat-khau/<str:uid>/<str:token>/", pages.password, name="password"),
    ], "accounts"
