"""Let members' phones send commands and pull rows at one address, `/xa-vien/dong-bo/`, in JSON."""

from __future__ import annotations

import base64
import datetime
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.middleware.csrf import get_token
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from cooperatives.access import ROLE_RIGHTS, MemberRight, MembershipContext, load_membership
from cooperatives.actions.phone_pins import find_usable_pins, signing_key
from cooperatives.models import PhonePin
from shop.accounts.models import User
from shop.core.errors import Forbidden, Missing, Refused
from shop.core.web.build_id import build_id
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import RateLimit, TooManyTries
from shop.members.member_access import find_admitted_ids, find_chosen_membership
from shop.members.shared_phones.phone_sessions import (
    LOCK_AFTER_MINUTES,
    find_shared_phone,
    forget_phone,
    is_on_ended_phone,
    new_challenge,
    session_pin,
)
from shop.members.sync.authors import Signature, find_authors_on_phone
from shop.members.sync.changes import pull_rows
from shop.members.sync.cooperative_facts import (
    build_certificate_rows,
    build_complaint_rows,
    build_household_rows,
    build_warehouse_rows,
    cooperative_of,
)
from shop.members.sync.listing_choices import build_listing_choices, find_goods_on_market
from shop.members.sync.payloads import InvalidCommand, is_storable, parse_uuid
from shop.members.sync.photos import MAX_PIECE_BYTES, find_photo, receive_piece
from shop.members.sync.rows import Row
from shop.members.sync.run_commands import SentCommand, run_commands

MAX_BYTES = 256 * 1024
MAX_COMMANDS = 50
MAX_EARLIER_COMMANDS = 20  # that one command builds on
MAX_NAME_LENGTH = 40
PUSHES = RateLimit("sync_push", max_tries=60, seconds=60)
PULLS = RateLimit("sync_pull", max_tries=120, seconds=60)
PIECES = RateLimit("sync_photo", max_tries=600, seconds=60)


class SignedOut(Refused):
    """The session has ended. The phone keeps its commands until its member signs in again."""

    code = "signed_out"
    default_message = _("Sign in again. What you have done on this phone is kept until then.")


class PhoneEnded(Refused):
    """The browser was a shared phone. It forgets the rows and the PINs, and keeps what was not sent."""

    code = "phone_ended"
    default_message = _("This phone is no longer shared, so it keeps no orders and no PINs.")


class OtherMember(Refused):
    """The commands are of another member. `details["member"]` is the member who is signed in."""

    code = "other_member"
    default_message = _("Somebody else is signed in. The waiting tasks belong to the member who did them.")


class InvalidPush(Refused):
    """The body does not follow the protocol, so no command is answered."""

    code = "invalid_push"
    default_message = _("The app sent something that the market does not understand. Update the app.")


class PushTooLarge(Refused):
    code = "push_too_large"
    default_message = _("Too much was sent at once. The app must send it in smaller pieces.")


_STATUSES: dict[type[Refused], int] = {
    SignedOut: 401,
    Missing: 404,
    Forbidden: 403,
    OtherMember: 409,
    PhoneEnded: 410,
    PushTooLarge: 413,
    TooManyTries: 429,
}


@require_safe_or_post
def synchronise(request: HttpRequest) -> HttpResponse:
    """Pull by GET, push by POST."""
    exchange = _push_commands if request.method == "POST" else _pull_changes
    return _answer_in_json(request, lambda user, now: exchange(request, user, now=now))


def _answer_in_json(request: HttpRequest, answer: Callable[[User, datetime.datetime], Row]) -> HttpResponse:
    """Return the answer in JSON. A refusal of the whole request has a code and a message."""
    try:
        user = request.user
        if is_on_ended_phone(request):
            raise PhoneEnded()
        if not isinstance(user, User):
            raise SignedOut(**_build_challenge(request))
        if session_pin(request) is None and find_shared_phone(request) is not None:
            raise SignedOut()  # a full sign-in must not turn a shared phone into the user's own
        response = JsonResponse(answer(user, timezone.now()))
    except Refused as refused:
        facts = {"code": refused.code, "message": str(refused.message), **refused.details}
        response = JsonResponse(facts, status=_STATUSES.get(type(refused), 400))
        if isinstance(refused, TooManyTries):
            response.headers["Retry-After"] = "60"
        if isinstance(refused, PhoneEnded) and request.user.is_authenticated:
            forget_phone(response)  # now it is the own phone of whoever has signed in
    patch_cache_control(response, private=True, no_store=True)
    return response


def _build_challenge(request: HttpRequest) -> Row:
    """Return what a shared phone needs to continue the work of the member who opened it without a network."""
    phone = find_shared_phone(request)
    return {"challenge": new_challenge(phone), "csrf_token": get_token(request)} if phone else {}


def _build_shared_phone(request: HttpRequest) -> Row | None:
    """Return what a shared phone needs to be opened by PIN without a network, or None on other phones.

    `signing_key` is the key of the member at the phone. The keys of the others are sealed with their PINs.
    """
    pin = session_pin(request)
    if pin is None:
        return None
    return {
        "id": pin.phone_id,
        "lock_after": LOCK_AFTER_MINUTES * 60,
        "signing_key": base64.b64encode(signing_key(pin)).decode(),
        "members": [_sealed_member(pin) for pin in find_usable_pins(pin.phone)],
    }


def _sealed_member(pin: PhonePin) -> Row:
    role = pin.membership.role
    return {
        "id": pin.membership.user_id,
        "name": pin.membership.user.get_full_name(),
        "role": role,
        "rights": sorted(ROLE_RIGHTS[role]),
        "salt": pin.salt,
        "iterations": pin.iterations,
        "sealed_key": pin.sealed_key,
    }


def _pull_changes(request: HttpRequest, user: User, *, now: datetime.datetime) -> Row:
    PULLS.count_try(str(user.pk))
    membership = _find_membership(request, user, request.GET.get("cooperative", ""))
    return {
        "shared_phone": _build_shared_phone(request),
        "member": {"id": user.pk, "name": user.get_full_name(), "role": membership.role},
        "rights": sorted(membership.rights),
        "cooperative": cooperative_of(membership),
        "warehouses": build_warehouse_rows(membership),
        "households": build_household_rows(membership),
        "certificates": build_certificate_rows(membership),
        "complaints": build_complaint_rows(membership),
        **_build_new_choices(request, membership),
        **pull_rows(membership, request.GET.get("since", ""), now=now),
        "server_time": now,
        "build": build_id(),
        "csrf_token": get_token(request),
    }


def _push_commands(request: HttpRequest, user: User, *, now: datetime.datetime) -> Row:
    PUSHES.count_try(str(user.pk))
    body = read_body(request)
    if body.get("member") != user.pk:
        raise OtherMember(member=user.pk)
    membership = _find_membership(request, user, str(body.get("cooperative")))
    clock_difference = now - read_time(body.get("clock"))
    commands = read_commands(body.get("commands"))
    pin = session_pin(request)
    authors = find_authors_on_phone(membership, pin.phone if pin else None)
    answers = run_commands(commands, authors=authors, clock_difference=clock_difference, now=now)
    return {
        **answers,
        "server_time": now,
        "clock_difference": round(clock_difference.total_seconds()),
    }


@require_safe_or_post
def receive_photo(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Answer by GET how much of a photo has arrived. Store the piece from `?start=` on by POST."""

    def answer(user: User, now: datetime.datetime) -> Row:
        PIECES.count_try(str(user.pk))
        membership = _find_membership(request, user, request.GET.get("cooperative", ""))
        membership.require(MemberRight.COUNT_STOCK)  # of products and lots
        if request.method == "POST":
            content = _read_piece(request)
            size, start = (_read_number(request, name) for name in ("size", "start"))
            photo = receive_piece(
                membership=membership, key=key, size=size, start=start, content=content, now=now
            )
        else:
            photo = find_photo(membership, key)
        return {"received": photo.received, "is_complete": photo.picture_id is not None}

    return _answer_in_json(request, answer)


def _read_piece(request: HttpRequest) -> bytes:
    """Return the body. Raises InvalidPush, PushTooLarge."""
    if request.content_type != "application/octet-stream":
        raise InvalidPush()
    if len(request.body) > MAX_PIECE_BYTES:
        raise PushTooLarge()
    return request.body


def _read_number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidPush()
    return int(text)


def _find_membership(request: HttpRequest, user: User, cooperative_id: str) -> MembershipContext:
    """Return the user's membership in the named cooperative, or in the chosen one if none is named.

    Raises Missing, also for a cooperative that is not admitted, because it has no orders yet.
    """
    if cooperative_id == "" and request.method != "POST":
        membership = find_chosen_membership(request)
    elif cooperative_id.isascii() and cooperative_id.isdecimal() and len(cooperative_id) < 19:
        membership = load_membership(user, int(cooperative_id))
    else:
        membership = None
    if membership is None or membership.cooperative.pk not in find_admitted_ids(request):
        raise Missing()
    return membership


def _build_new_choices(request: HttpRequest, membership: MembershipContext) -> Row:
    """Return the choices of a new listing and the market's goods.

    Versions that the phone has (`?choices=`, `?market=`) are left out.
    """
    may_list = membership.may(MemberRight.LIST)
    found = {
        "choices": build_listing_choices(membership) if may_list else None,
        "market": find_goods_on_market() if may_list else None,
    }
    return {
        name: facts for name, facts in found.items() if not facts or facts["version"] != request.GET.get(name)
    }


def read_body(request: HttpRequest) -> Row:
    """Return the body's JSON object. Raises InvalidPush, PushTooLarge."""
    if request.content_type != "application/json":
        raise InvalidPush()
    try:
        content = request.body
    except RawPostDataException as error:
        raise InvalidPush() from error
    if len(content) > MAX_BYTES:
        raise PushTooLarge()
    body = _load_json(content)
    if not isinstance(body, dict):
        raise InvalidPush()
    return body


def _refuse_constant(_name: str) -> NoReturn:
    """Refuse NaN and infinities. Python reads these, but JSON does not have them. Raises InvalidPush."""
    raise InvalidPush()


def read_commands(sent_value: object) -> list[SentCommand]:
    """Return the commands. No two may have the same key. Raises InvalidPush, PushTooLarge."""
    if not isinstance(sent_value, list):
        raise InvalidPush()
    if len(sent_value) > MAX_COMMANDS:
        raise PushTooLarge()
    commands = [_read_command(command) for command in sent_value]
    if len({command.key for command in commands}) != len(commands):
        raise InvalidPush()
    return commands


def _read_command(sent_value: object) -> SentCommand:
    if isinstance(sent_value, dict) and "signature" in sent_value:
        return _read_signed_command(sent_value)
    if not isinstance(sent_value, dict) or not sent_value.keys() <= {"key", "name", "at", "payload", "after"}:
        raise InvalidPush()
    name, payload, after = sent_value.get("name"), sent_value.get("payload"), sent_value.get("after", [])
    is_valid = (
        isinstance(name, str)
        and len(name) <= MAX_NAME_LENGTH
        and is_storable(name)
        and isinstance(payload, dict)
        and isinstance(after, list)
        and len(after) <= MAX_EARLIER_COMMANDS
    )
    if not is_valid:
        raise InvalidPush()
    return SentCommand(
        key=_read_key(sent_value.get("key")),
        name=str(name),
        at=read_time(sent_value.get("at")),
        payload=payload,  # type: ignore[arg-type]
        after=frozenset(_read_key(key) for key in after),
    )


def _read_signed_command(sent_value: Row) -> SentCommand:
    """Return a command that a member of a shared phone signed.

    Outside of the signed text are only the keys of other commands, which may be repeated under new ones.
    Raises InvalidPush.
    """
    user_id, text, value = (sent_value.get(name) for name in ("member", "content", "signature"))
    is_valid = (
        sent_value.keys() <= {"member", "content", "signature", "after", "repeated_as"}
        and isinstance(user_id, int)
        and isinstance(text, str)
        and isinstance(value, str)
    )
    if not is_valid:
        raise InvalidPush()
    content = _load_json(str(text))
    if not isinstance(content, dict) or not content.keys() <= {"key", "name", "at", "payload"}:
        raise InvalidPush()
    command = _read_command(content | {"after": sent_value.get("after", [])})
    repeated_as = sent_value.get("repeated_as")
    return replace(
        command,
        signature=Signature(int(str(user_id)), str(text), str(value)),
        repeated_as=None if repeated_as is None else _read_key(repeated_as),
    )


def _load_json(text: str | bytes) -> object:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidPush() from error


def _read_key(sent_value: object) -> uuid.UUID:
    try:
        return parse_uuid(sent_value, field="key")
    except InvalidCommand as error:
        raise InvalidPush() from error


def read_time(sent_value: object) -> datetime.datetime:
    """Return the instant in UTC. The text must name a time zone. Raises InvalidPush."""
    try:
        moment = parse_datetime(sent_value) if isinstance(sent_value, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidPush() from error
    raise InvalidPush()
