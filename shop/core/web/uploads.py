"""Decide which views accept file uploads, before the request's body is read.

Django reads the whole body when the CSRF check looks for its token, and spools files to memory or disk. Files
that a view does not accept (at all, from this person, or in this state) are dropped as they arrive.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def takes_files(may_upload: Callable[..., bool]) -> Callable[[View], View]:
    """Let a view accept files if `may_upload(request, **url_arguments)` returns true."""

    def mark(view: View) -> View:
        view.upload_check = may_upload  # type: ignore[attr-defined]  # kept by functools.wraps
        return view

    return mark


def is_signed_in(request: HttpRequest, **_url_arguments: object) -> bool:
    return request.user.is_authenticated


def is_staff(request: HttpRequest, **_url_arguments: object) -> bool:
    return request.user.is_authenticated and request.user.is_staff


class FileDroppingHandler(FileUploadHandler):
    """Discard uploaded files. Each is replaced by an empty one."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        return None

    def file_complete(self, file_size: int) -> SimpleUploadedFile:
        return SimpleUploadedFile(self.file_name or "", b"", self.content_type or "")


class UnexpectedFilesMiddleware:
    """Middleware that drops unexpected files.

    Place it before any middleware that reads a body and after sessions.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., object],
        _arguments: object,
        url_arguments: dict[str, object],
    ) -> None:
        if request.content_type != "multipart/form-data":
            return
        upload_check = getattr(view, "upload_check", None)
        if upload_check is None or not upload_check(request, **url_arguments):
            request.upload_handlers = [FileDroppingHandler(request)]
