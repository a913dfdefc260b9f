"""Limits of request bodies per URL. Larger ones are refused before they are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext as _

MEGABYTE = 1024 * 1024
# Several photos of a product. Phones with scripts send them smaller, one by one.
_BYTES_OF_PHOTO_FORM = 60 * MEGABYTE
# A photo of 25 MB (shop/core/images/image_files.py) and the rest of its form.
_BYTES_OF_ONE_PHOTO = 26 * MEGABYTE
_FORM_WITH_FILES = "multipart/form-data"
_LANGUAGE = "(?:/en)?"


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """The limit of one kind of URL in bytes, and its reason.

    More than the default is accepted only as multipart form with a Content-Length and, with `needs_sign_in`,
    only from a signed-in person or a valid token.
    """

    address: re.Pattern[str]
    max_bytes: int
    reason: str
    needs_sign_in: bool = False


def _limit_bodies_at(address: str, max_bytes: int, reason: str, *, needs_sign_in: bool = False) -> BodyLimit:
    return BodyLimit(re.compile(address), max_bytes, reason, needs_sign_in)


BODY_LIMITS = (
    _limit_bodies_at(r"/webhooks/[a-z]+/", MEGABYTE, "banks and Stripe send a few kilobytes"),
    _limit_bodies_at(r"/graphql/?", 30 * MEGABYTE, "pictures uploaded by dashboards", needs_sign_in=True),
    _limit_bodies_at(
        rf"{_LANGUAGE}/don-hang/[^/]+/(goi/\d+/phan-anh|phan-anh/[^/]+/bo-sung)/",
        40 * MEGABYTE,
        "up to four photos of a complaint; guests have them too",
    ),
    _limit_bodies_at(
        rf"{_LANGUAGE}/xa-vien/hang/moi/", _BYTES_OF_PHOTO_FORM, "a new product's photos", needs_sign_in=True
    ),
    _limit_bodies_at(
        rf"{_LANGUAGE}/xa-vien/hang/\d+/anh/",
        _BYTES_OF_PHOTO_FORM,
        "more photos of a product",
        needs_sign_in=True,
    ),
    _limit_bodies_at(
        rf"{_LANGUAGE}/xa-vien/lo/\d+/anh/", _BYTES_OF_PHOTO_FORM, "photos of a lot", needs_sign_in=True
    ),
    _limit_bodies_at(
        rf"{_LANGUAGE}/xa-vien/gian-hang/giay/",
        _BYTES_OF_ONE_PHOTO,
        "the photo of a certificate",
        needs_sign_in=True,
    ),
    _limit_bodies_at(
        rf"{_LANGUAGE}/xa-vien/gian-hang/(?:ho/\d+/anh|anh/[a-z]+)/",
        _BYTES_OF_ONE_PHOTO,
        "a photo of the cooperative's page",
        needs_sign_in=True,
    ),
    _limit_bodies_at(
        rf"{_LANGUAGE}/xa-vien/(?:kien|chuyen)/\d+/phieu-gui/",
        _BYTES_OF_ONE_PHOTO,
        "the photo of a coach's dispatch slip",
        needs_sign_in=True,
    ),
    _limit_bodies_at(
        rf"{_LANGUAGE}/xa-vien/gian-hang/giay/\d+/",
        _BYTES_OF_ONE_PHOTO,
        "the photo of a certificate",
        needs_sign_in=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """The largest body of a request. Above `without_sign_in` bytes the sender must be signed in."""

    max_bytes: int
    without_sign_in: int


def allowance_for(path: str, content_type: str) -> Allowance:
    default = settings.REQUEST_BODY_BYTES
    for limit in BODY_LIMITS:
        if not limit.address.fullmatch(path):
            continue
        if limit.max_bytes < default:
            return Allowance(limit.max_bytes, limit.max_bytes)
        if content_type.partition(";")[0].strip().lower() != _FORM_WITH_FILES:
            break
        return Allowance(limit.max_bytes, default if limit.needs_sign_in else limit.max_bytes)
    return Allowance(default, default)


def limit_request_bodies(get_response: Callable[[HttpRequest], HttpResponseBase]) -> object:
    """Apply the same limits as middleware, for other servers, which read the body later."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        allowance = allowance_for(request.path, request.META.get("CONTENT_TYPE", ""))
        if length.isdecimal() and int(length) > allowance.max_bytes:
            message = too_large_message(request.path, allowance.max_bytes)
            return HttpResponse(message, status=413, content_type="text/plain; charset=utf-8")
        return get_response(request)

    return middleware


def too_large_message(path: str, max_bytes: int) -> str:
    with _override_language(path):
        return _("Your upload is too large. The limit here is %(megabytes)d MB.") % {
            "megabytes": max_bytes // MEGABYTE
        }


def sign_in_message(path: str) -> str:
    with _override_language(path):
        return _("Sign in before you upload files this large.")


def busy_network_message(path: str) -> str:
    with _override_language(path):
        return _("Too much is being uploaded from your network at once. Try again in a minute.")


def _override_language(path: str) -> translation.override:
    return translation.override("en" if path.startswith("/en/") else settings.LANGUAGE_CODE)
