"""What went wrong, on both levels of the contract.

Protocol errors stand at the top of an answer, with the name of their kind under
`extensions.exception.code`, which Saleor's Dashboard reads, and under `extensions.code`, which its
storefront reads. What a mutation refuses is data: a list of errors in its payload, each with a code of the
domain's own enum.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.conf import settings
from graphql import GraphQLError, GraphQLSyntaxError
from jwt import PyJWTError

from shop.core.errors import Refused, Words

_log = logging.getLogger(__name__)

NEUTRAL = "Something went wrong on our side."

# Codes that every domain's enum has, for refusals that are the same everywhere.
COMMON_CODES = {"missing": "NOT_FOUND", "forbidden": "PERMISSION_DENIED"}
_FALLBACKS = ("INVALID", "GRAPHQL_ERROR", "REQUIRED")


class ProtocolError(Exception):
    """Tells the client what is wrong with its request. `code` is the name that clients branch on."""

    code: ClassVar[str] = "GraphQLError"


class PermissionDenied(ProtocolError):
    """The field or mutation is for others; the message lists the permissions, any of which suffices."""

    code = "PermissionDenied"

    def __init__(self, permissions: Sequence[str] = ()) -> None:
        needed = f": this needs one of {', '.join(permissions)}" if permissions else ""
        super().__init__(f"Permission denied{needed}.")


class QueryTooCostly(ProtocolError):
    code = "QueryCostError"


class Mistake(Refused):
    """Something is wrong with what a mutation was given; `api_code` is one of its domain's error codes."""

    code = "mistake"

    def __init__(self, api_code: str, words: Words, *, field: str | None = None, **details: Any) -> None:
        super().__init__(words, field=field, **details)
        self.api_code = api_code


class Mistakes(Refused):
    """Several at once, so that a person sees all of them."""

    code = "mistakes"

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__()
        self.mistakes = tuple(mistakes)


def formatted(error: GraphQLError) -> dict[str, Any]:
    """A protocol error as sent. What nobody foresaw is logged and told in neutral words."""
    cause = error.original_error
    message = error.message
    if cause is None or isinstance(cause, GraphQLError):
        name = "GraphQLSyntaxError" if isinstance(error, GraphQLSyntaxError) else "GraphQLError"
    elif isinstance(cause, ProtocolError):
        name = cause.code
    elif isinstance(cause, PyJWTError):
        name = type(cause).__name__
    elif isinstance(cause, Refused):
        name, message = "GraphQLError", str(cause.words)
    else:
        _log.error("A resolver failed at %s.", error.path, exc_info=cause)
        name, message = type(cause).__name__, NEUTRAL
    exception: dict[str, Any] = {"code": name}
    if settings.DEBUG and cause is not None:
        exception["stacktrace"] = [line.rstrip("\n") for line in traceback.format_exception(cause)]
    told: dict[str, Any] = {"message": message, "extensions": {"code": name, "exception": exception}}
    if error.locations:
        told["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        told["path"] = error.path
    return told


def told_in_payload(
    refused: Refused, codes: Mapping[str, str], known: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """A refusal as the `errors` of a mutation's payload.

    `codes` maps codes of refusals to values of the domain's enum, whose values are `known`. Inputs that are
    named otherwise in the API than in our actions are put right by the mutation, which raises Mistake
    instead.
    """
    if isinstance(refused, Mistakes):
        return [entry for each in refused.mistakes for entry in told_in_payload(each, codes, known)]
    wanted = refused.api_code if isinstance(refused, Mistake) else codes.get(refused.code)
    choices = (wanted, COMMON_CODES.get(refused.code), refused.code.upper(), *_FALLBACKS)
    code = next(choice for choice in choices if choice in known)
    return [refused.details | {"field": refused.field, "message": str(refused.words), "code": code}]
