"""What a driver's phone exchanges: the run's parcels, and what it recorded without a network."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from functools import partial

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.utils import timezone
from django.views.decorators.cache import never_cache

from orders.actions.fulfilment.deliver_parcels import report_collected_cash
from orders.actions.fulfilment.delivery_runs import (
    RunEnded,
    deliver_run_parcel,
    find_open_run,
    record_failed_delivery_of_run,
)
from orders.actions.fulfilment.handovers import Receiver
from orders.actions.fulfilment.phone_codes import driver_phone_key
from orders.actions.fulfilment.phone_handovers import ParcelNotSentYet, read_parcel_positions
from orders.models import DeliveryRun, HandoverStep, Parcel
from orders.states import CodState, ParcelState, PartState
from shop.core.errors import Missing, Refused
from shop.core.identifiers.phones import format_phone
from shop.core.models import show_in_language
from shop.core.web.build_id import build_id
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import RateLimit, TooManyTries
from shop.members.fulfilment.delivery_runs import commune_name, parcels_of_run
from shop.members.sync.commands import read_collected_cash
from shop.members.sync.handover_commands import read_sent_code, record_receipt
from shop.members.sync.models import MAX_WAITING_PERIOD
from shop.members.sync.payloads import InvalidCommand, Payload
from shop.members.sync.run_commands import CommandFailed, EarlierCommandOpen, SentCommand
from shop.members.sync.views import read_body, read_commands, read_time

log = logging.getLogger(__name__)

_PUSHES = RateLimit("driver-pushes", 120, 15 * 60)

_STATUSES: dict[type[Refused], int] = {RunEnded: 410, TooManyTries: 429}

Row = dict[str, object]


@require_safe_or_post
@never_cache
def synchronise_run(request: HttpRequest, token: str) -> HttpResponse:
    """Answer a driver's commands, each for itself, and return the run's parcels as they are now."""
    now = timezone.now()
    try:
        run = find_open_run(token)
        answers = _answer_commands(request, run, now) if request.method == "POST" else []
    except Refused as refused:
        status = _STATUSES.get(type(refused), 400)
        response = JsonResponse({"code": refused.code, "message": str(refused.message)}, status=status)
        if isinstance(refused, TooManyTries):
            response.headers["Retry-After"] = "60"
        return response
    parcels = list(parcels_of_run(run).filter(part__state=PartState.ACCEPTED))
    positions = read_parcel_positions(parcel.part_id for parcel in parcels)
    return JsonResponse(
        {
            "answers": answers,
            "run": _build_run_row(run),
            "parcels": [_parcel_row(run, parcel, positions.get(parcel.pk)) for parcel in parcels],
            "build": build_id(),
            "csrf_token": get_token(request),
        }
    )


def _answer_commands(request: HttpRequest, run: DeliveryRun, now: datetime.datetime) -> list[Row]:
    _PUSHES.count_try(str(run.pk))
    body = read_body(request)
    clock_difference = now - read_time(body.get("clock"))
    answers, held = [], _HeldParcels()
    for command in read_commands(body.get("commands")):
        if held.holds(command):
            answer = _refusal_row(command, "later", EarlierCommandOpen())
        else:
            waited = now - clock_difference - command.at
            happened_at = now - min(max(waited, datetime.timedelta(0)), MAX_WAITING_PERIOD)
            answer = _answer_command(run, command, happened_at=happened_at, now=now)
        if answer["outcome"] == "later":
            held.hold(command)
        answers.append(answer)
    return answers


class _HeldParcels:
    """The parcels with a command that is not done yet, so that those after it keep their order.

    A receipt names its parcel by a code only: it waits for every parcel, and holds none.
    """

    def __init__(self) -> None:
        self._ids: set[object] = set()

    def holds(self, command: SentCommand) -> bool:
        if command.name == "receive_parcel":
            return bool(self._ids)
        return command.payload.get("parcel") in self._ids

    def hold(self, command: SentCommand) -> None:
        if command.name != "receive_parcel":
            self._ids.add(command.payload.get("parcel"))


def _answer_command(
    run: DeliveryRun, command: SentCommand, *, happened_at: datetime.datetime, now: datetime.datetime
) -> Row:
    """Run one command under its key, so that a repeat does nothing twice."""
    payload = Payload(command.payload)
    key = f"run:{run.pk}:{command.key}"
    try:
        action: Callable[[], object]
        if command.name == "receive_parcel":
            action = partial(
                record_receipt,
                code=read_sent_code(payload),
                receiver=Receiver(
                    payload.text("name", max_length=120), payload.text("place", max_length=200), run.driver
                ),
                cooperative=run.cooperative,
                idempotency_key=key,
                run=run,
                happened_at=happened_at,
                now=now,
            )
        else:
            action = _prepare_parcel_command(
                run, command.name, payload, key=key, happened_at=happened_at, now=now
            )
        payload.require_empty()
        action()
    except ParcelNotSentYet as refused:
        return _refusal_row(command, "later", refused)
    except Refused as refused:
        return _refusal_row(command, "refused", refused)
    except Exception:  # the other commands of the push must not wait for this one
        log.exception("Command %s %s of run %s failed", command.name, command.key, run.pk)
        return _refusal_row(command, "later", CommandFailed())
    return {"key": command.key, "outcome": "done"}


def _refusal_row(command: SentCommand, outcome: str, refused: Refused) -> Row:
    return {
        "key": command.key,
        "outcome": outcome,
        "code": refused.code,
        "message": str(refused.message),
    }


def _prepare_parcel_command(
    run: DeliveryRun,
    name: str,
    payload: Payload,
    *,
    key: str,
    happened_at: datetime.datetime,
    now: datetime.datetime,
) -> Callable[[], object]:
    """Return the action of a delivery or a failed delivery of the run's parcel.

    Raises InvalidCommand, Missing.
    """
    parcel = parcels_of_run(run).filter(pk=payload.whole_number("parcel")).first()
    if parcel is None:
        raise Missing()
    if name == "fail_delivery":
        reason = payload.text("reason", max_length=500)
        return partial(
            record_failed_delivery_of_run,
            run_id=run.pk,
            parcel_id=parcel.pk,
            reason=reason,
            happened_at=happened_at,
            idempotency_key=key,
            now=now,
        )
    if name != "deliver_parcel":
        raise InvalidCommand(field="name")
    is_cash_collected = payload.is_set("is_cash_collected")
    cash = read_collected_cash(payload)
    if _is_confirmed_by_buyer(parcel):
        # The buyer's phone was first, so only the cash may be left to record.
        if not is_cash_collected or parcel.cod_state != CodState.EXPECTED:
            return partial(bool)
        return partial(
            report_collected_cash,
            parcel_id=parcel.pk,
            cash=cash,
            idempotency_key=key,
            actor=run.driver,
            now=now,
        )
    return partial(
        deliver_run_parcel,
        run_id=run.pk,
        parcel_id=parcel.pk,
        is_cash_collected=is_cash_collected,
        cash=cash,
        idempotency_key=key,
        now=now,
    )


def _is_confirmed_by_buyer(parcel: Parcel) -> bool:
    is_delivered = parcel.state == ParcelState.DELIVERED
    return is_delivered and parcel.handovers.filter(step=HandoverStep.TO_BUYER).exists()


def _build_run_row(run: DeliveryRun) -> Row:
    show_in_language([run.cooperative], "name")
    return {
        "id": run.pk,
        "name": run.name,
        "driver": run.driver_name,
        "vehicle": run.vehicle,
        "cooperative": run.cooperative.name,
        "phone": run.cooperative.phone,
        "shown_phone": format_phone(run.cooperative.phone),
    }


def _parcel_row(run: DeliveryRun, parcel: Parcel, position: int | None) -> Row:
    """Return a parcel as the driver's page shows it, without its receiver once it is delivered."""
    order = parcel.part.order
    address = order.shipping_address if not parcel.part.pickup_place else None
    buyer = {
        "name": order.buyer_name,
        "phone": order.phone,
        "shown_phone": format_phone(order.phone),
        "address": ". ".join(filter(None, [str(address), address.landmark])) if address else "",
    }
    lines = sorted(parcel.lines.all(), key=lambda line: line.pk)
    return {
        "id": parcel.pk,
        "part": parcel.part_id,
        "label": parcel.label_code,
        "position": position,
        "code": f"{order.code}-{parcel.label_code}",
        "commune": commune_name(parcel),
        "state": parcel.state,
        "buyer": None if parcel.state == ParcelState.DELIVERED else buyer,
        "contents": [line.contents_label for line in lines],
        "currency": order.currency,
        "cash_state": parcel.cod_state,
        "cash_holder": parcel.cod_holder,
        "cash_expected": parcel.cod_expected,
        "cash_collected": parcel.cod_collected,
        "recalled_lots": sorted({line.lot.code for line in lines if line.lot and line.lot.is_recalled}),
        "handover_key": driver_phone_key(run.pk, parcel.pk),
    }
