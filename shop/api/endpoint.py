"""GraphQL over HTTP as Saleor's clients expect it: content types, status codes, CORS, limits, responses."""

from __future__ import annotations

import logging
from functools import cache

import orjson
from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from graphql import ExecutionResult, GraphQLError
from jwt import PyJWTError

from shop.api.areas import AREAS
from shop.api.context import Context
from shop.api.errors import ProtocolError, format_protocol_error
from shop.api.multipart import InvalidMultipart, operation_with_files
from shop.api.query_limits import Limits, require_allowed_cost
from shop.api.response_cache import CachedResponse
from shop.api.schema import ExecutableSchema, build_schema_and_executor
from shop.api.signing_keys import read_signing_key
from shop.core.web.uploads import takes_files

_log = logging.getLogger(__name__)

MAX_OPERATIONS_PER_BATCH = 1
MAX_BYTES_WITH_FILES = 30 * 1024 * 1024
_NULS = (b"\0", b"\\u0000")  # PostgreSQL cannot store NUL, raw or as escaped in JSON and GraphQL
_HEADERS = "Origin, Content-Type, Accept, Authorization, Source-Service-Name, Authorization-Bearer"
ANY_ORIGIN = "*"
_METHODS = "POST, OPTIONS"


class InvalidBody(Exception):
    """The request's body is not a GraphQL request. `http_status` is the response's status."""

    def __init__(self, message: str, http_status: int = 400) -> None:
        super().__init__(message)
        self.http_status = http_status


@cache
def built_schema() -> ExecutableSchema:
    """Return the schema and its executor, built on the first request and cached."""
    return build_schema_and_executor(AREAS)


@cache
def limits() -> Limits:
    return Limits(built_schema().schema)


def _is_authenticated(request: HttpRequest) -> bool:
    """Return whether the request has a valid token. Mutations accept files only with one."""
    context = Context(request, built_schema().schema)
    try:
        return context.user is not None or context.app is not None
    except PyJWTError:
        return False


@csrf_exempt  # the API never authenticates by session
@takes_files(_is_authenticated)
def serve_graphql(request: HttpRequest) -> HttpResponse:
    """Serve `/graphql/`."""
    if request.method == "OPTIONS":
        response = HttpResponse()
    elif request.method == "POST":
        response = _handle_post(request)
    elif request.method == "GET" and settings.API_PLAYGROUND:
        response = render(request, "api/playground.html")
    else:
        response = HttpResponse(status=405, headers={"Allow": _METHODS})
    _add_cors_headers(request, response)
    return response


def path_without_slash(request: HttpRequest) -> HttpResponse:
    """Answer 404 for `/graphql`, because a redirect would drop the POST body."""
    raise Http404


def serve_jwks(request: HttpRequest) -> HttpResponse:
    """Serve the public key that verifies our tokens."""
    return JsonResponse({"keys": [read_signing_key().published()]})


def _handle_post(request: HttpRequest) -> HttpResponse:
    context = Context(request, built_schema().schema)
    try:
        body = _parse_body(request)
        if isinstance(body, list):
            if len(body) > MAX_OPERATIONS_PER_BATCH:
                raise InvalidBody("Number of batch queries exceeded.")
            results = [_execute(operation, context) for operation in body]
            status = max((result[0] for result in results), default=200)
            return _json_response(context, [result[1] for result in results], status)
        response_cache = CachedResponse(request)
        cached = response_cache.load()
        if cached is not None:
            return HttpResponse(cached, content_type="application/json")
        status, payload = _execute(body, context, response_cache)
        response = _json_response(context, payload, status)
        if status == 200 and "errors" not in payload:
            response_cache.store(response.content)
        return response
    except InvalidBody as error:
        return _json_response(context, _format_failure([GraphQLError(str(error))]), error.http_status)


def _parse_body(request: HttpRequest) -> object:
    """Parse the operation, or list of operations, of a request. Raises InvalidBody."""
    content_type = (request.content_type or "").lower()
    try:
        if content_type == "multipart/form-data":
            length = request.META.get("CONTENT_LENGTH") or "0"
            if length.isdecimal() and (len(length) > 18 or int(length) > MAX_BYTES_WITH_FILES):
                raise InvalidBody("The request is too large.", 413)
            _require_no_nul("\n".join(map(str, request.POST.values())).encode())
            return operation_with_files(request)
        if content_type == "application/x-www-form-urlencoded":
            _require_no_nul("\n".join(map(str, request.POST.values())).encode())
            return request.POST.dict()
        _require_no_nul(request.body)
        if content_type == "application/graphql":
            return {"query": request.body.decode()}
        return orjson.loads(request.body)
    except RequestDataTooBig as error:
        raise InvalidBody("The request is too large.", 413) from error
    except orjson.JSONDecodeError as error:
        raise InvalidBody("The request's body is not JSON.") from error
    except UnicodeDecodeError as error:
        raise InvalidBody("The request's body is not UTF-8.") from error
    except InvalidMultipart as error:
        raise InvalidBody(str(error)) from error
    except (BadRequest, SuspiciousOperation, MultiPartParserError, OSError) as error:
        raise InvalidBody("The request's body cannot be read.") from error


def _require_no_nul(body: bytes) -> None:
    if any(nul in body for nul in _NULS):
        raise InvalidBody("Texts may not hold the character NUL.")


def _execute(
    body: object, context: Context, response_cache: CachedResponse | None = None
) -> tuple[int, dict[str, object]]:
    """Execute one operation, and return the HTTP status and the response."""
    query, variables, name = _operation_parts(body)
    executor = built_schema().executor
    extensions: dict[str, object] = {}
    try:
        document = executor.read(query)
        if isinstance(document, list):
            return 400, _format_failure(document)
        operation = document.operation(name)
        cost = limits().cost(operation, variables)
        if settings.API_COST_LIMIT:
            maximum = settings.API_COST_LIMIT
            extensions = {"cost": {"requestedQueryCost": cost, "maximumAvailable": maximum}}
        require_allowed_cost(cost)
        if response_cache is not None:
            response_cache.begin(operation)
        result = executor.run(operation, variables=variables, context=context)
    except GraphQLError as error:
        return 400, _format_failure([error], extensions)
    except ProtocolError as error:
        return 400, _format_failure([GraphQLError(str(error), original_error=error)], extensions)
    except RecursionError:
        return 400, _format_failure([GraphQLError("The request nests too deep.")], extensions)
    return _format_result(result, extensions)


def _operation_parts(body: object) -> tuple[str, dict[str, object], str | None]:
    """Return query, variables and operation name. Raises InvalidBody."""
    if not isinstance(body, dict):
        raise InvalidBody("A request is a JSON object with `query`.")
    query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if isinstance(variables, str):  # forms send variables as text
        try:
            variables = orjson.loads(variables) if variables else None
        except orjson.JSONDecodeError as error:
            raise InvalidBody("The variables are not JSON.") from error
    if not isinstance(query, str) or not query.strip():
        raise InvalidBody("Must provide a query string.")
    if not isinstance(variables, dict | None):
        raise InvalidBody("The variables must be an object.")
    if not isinstance(name, str | None):
        raise InvalidBody("The operation's name must be a string.")
    return query, variables or {}, name or None


def _format_result(result: ExecutionResult, extensions: dict[str, object]) -> tuple[int, dict[str, object]]:
    """Format a result.

    If it has no data and no error with a path, nothing was executed and the status is 400.
    """
    if result.data is None and not any(error.path for error in result.errors or ()):
        return 400, _format_failure(result.errors or [], extensions)
    payload: dict[str, object] = (
        {"errors": [format_protocol_error(error) for error in result.errors]} if result.errors else {}
    )
    payload["data"] = result.data
    return 200, payload | ({"extensions": extensions} if extensions else {})


def _format_failure(
    errors: list[GraphQLError], extensions: dict[str, object] | None = None
) -> dict[str, object]:
    payload: dict[str, object] = {"errors": [format_protocol_error(error) for error in errors]}
    return payload | ({"extensions": extensions} if extensions else {})


def _json_response(context: Context, payload: object, status: int) -> HttpResponse:
    response = HttpResponse(orjson.dumps(payload), content_type="application/json", status=status)
    context.finish(response)
    return response


def _add_cors_headers(request: HttpRequest, response: HttpResponse) -> None:
    """Add CORS headers, with cookies for the sites in API_ORIGINS and without cookies for any site.

    Any site is allowed if API_ORIGINS is empty or contains `*`.
    """
    patch_vary_headers(response, ("Origin",))
    origin = request.headers.get("Origin")
    if origin is None:
        return
    if origin != ANY_ORIGIN and origin in settings.API_ORIGINS:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
    elif not settings.API_ORIGINS or ANY_ORIGIN in settings.API_ORIGINS:
        response.headers["Access-Control-Allow-Origin"] = ANY_ORIGIN
    else:
        return
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = _HEADERS
        response.headers["Access-Control-Max-Age"] = "600"
