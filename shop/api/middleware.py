"""Middleware that serves the API without the middleware for pages."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation

from shop.api.endpoint import serve_graphql

_PATH = "/graphql/"


def serve_operations(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Serve the API's JSON requests here, without sessions, CSRF tokens and content policies.

    Place it after compression and before all middleware that only pages need. Uploads, preflights and the
    playground continue to the URL configuration.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        is_operation = request.method == "POST" and request.content_type == "application/json"
        if not is_operation or request.path_info != _PATH:
            return get_response(request)
        request.get_host()  # a foreign host is answered with 400
        # A thread keeps the language of its last request.
        translation.activate(settings.LANGUAGE_CODE)
        response = serve_graphql(request)
        response.headers["Content-Length"] = str(len(response.content))
        return response

    return middleware
