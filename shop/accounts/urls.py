"""Addresses of accounts. What stands above accounts, the shop hands in: orders, and arrivals."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from shop.accounts import views


def addresses(
    *, home: Callable[[HttpRequest], HttpResponseBase], arrive: views.Arrive
) -> tuple[list[URLPattern], str]:
    """The addresses with their namespace, as `include` takes them."""
    return [
        path("", home, name="home"),
        path("dang-nhap/", views.sign_in, {"arrive": arrive}, name="sign-in"),
        path("dang-xuat/", views.sign_out, name="sign-out"),
        path("dang-ky/", views.register, {"arrive": arrive}, name="register"),
        path("thong-tin/", views.details, name="details"),
        path("mat-khau/", views.password_link, name="password-reset"),
        path("mat-khau/<str:uid>/<str:token>/", views.password, name="password"),
    ], "accounts"
