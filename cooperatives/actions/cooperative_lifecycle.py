"""A cooperative asks to sell, is answered, rests and returns."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives import notices
from cooperatives.actions.delivery_methods import open_first_store_house
from cooperatives.models import Cooperative, Membership, Role
from cooperatives.states import COOPERATIVE_MOVES, CooperativeState
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.database.transactions import locked, locked_one
from shop.core.errors import Missing, ReasonNeeded, Refused
from shop.core.models import record_change
from shop.core.states import advance
from shop.core.texts.folding import fold, slug


class ReturnDayPassed(Refused):
    code = "return_day_passed"
    default_words = _("The day of return must lie ahead.")


class AlreadyApplied(Refused):
    code = "already_applied"
    default_words = _("You already act for a cooperative here.")


@dataclass(frozen=True, slots=True)
class ApplicationDetails:
    """What a cooperative says of itself when it asks to sell; all as written."""

    name: str
    legal_name: str
    registration_number: str
    representative: str
    phone: str
    email: str
    province_code: str
    commune_code: str
    province_name: str
    commune_name: str
    hamlet: str = ""
    registration_issuer: str = ""
    registered_on: datetime.date | None = None
    tax_code: str = ""
    bank_bin: str = ""
    bank_account: str = ""
    bank_holder: str = ""
    summary: str = ""
    story: str = ""


@transaction.atomic(durable=True)
def apply_to_sell(
    *, user: User, details: ApplicationDetails, actor: Actor, now: datetime.datetime
) -> Cooperative:
    """Register a cooperative that wants to sell, with the applicant as its manager.

    Raises AlreadyApplied where the person has one that was not rejected.
    """
    locked(User.objects.filter(pk=user.pk))  # the same application sent twice at once is one
    return apply(user=user, details=details, actor=actor, now=now)


def apply(*, user: User, details: ApplicationDetails, actor: Actor, now: datetime.datetime) -> Cooperative:
    """Step of `apply_to_sell`."""
    standing = Cooperative.objects.of_member(user.pk).exclude(state=CooperativeState.REJECTED)
    if standing.exists():
        raise AlreadyApplied()
    cooperative = Cooperative(slug=free_slug(details.name), folded_name=fold(details.name), **asdict(details))
    cooperative.zalo_phone = details.phone
    cooperative.save(force_insert=True)
    Membership.objects.create(cooperative=cooperative, user=user, role=Role.MANAGER)
    record_change("cooperative.applied", cooperative, actor=actor, now=now, cooperative_id=cooperative.pk)
    notices.application_received(cooperative, now=now)
    return cooperative


@transaction.atomic(durable=True)
def send_application_again(
    *, cooperative_id: int, details: ApplicationDetails, actor: Actor, now: datetime.datetime
) -> None:
    """Answer the platform with a mended application. Raises WrongMove unless more was asked for."""
    cooperative = _locked(cooperative_id)
    advance(cooperative, CooperativeState.APPLIED, COOPERATIVE_MOVES)
    for field, value in asdict(details).items():
        setattr(cooperative, field, value)
    cooperative.folded_name = fold(details.name)
    cooperative.state_reason = ""
    cooperative.save()
    record_change(
        "cooperative.applied_again", cooperative, actor=actor, now=now, cooperative_id=cooperative.pk
    )
    notices.application_received(cooperative, now=now)


@transaction.atomic(durable=True)
def answer_application(
    *,
    cooperative_id: int,
    answer: CooperativeState,
    reason: str = "",
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Approve, ask for more, reject, suspend or restore; all but approval need a reason.

    The approved have a store house from then on, so that they can offer goods.

    Raises ReasonNeeded, WrongMove.
    """
    if answer != CooperativeState.APPROVED and not reason.strip():
        raise ReasonNeeded(field="reason")
    cooperative = _locked(cooperative_id)
    came_from = advance(cooperative, answer, COOPERATIVE_MOVES)
    cooperative.state_reason = reason.strip()
    cooperative.save(update_fields=["state_reason"])
    if answer == CooperativeState.APPROVED:
        open_first_store_house(cooperative)
    record_change(
        f"cooperative.{answer}",
        cooperative,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        why=reason,
        data={"from": came_from},
    )
    notices.application_answered(cooperative, now=now)


@transaction.atomic(durable=True)
def pause_cooperative(
    *,
    cooperative_id: int,
    until: datetime.date | None,
    note: str = "",
    today: datetime.date,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Rest (Tết, harvest): buyers are told until when, and nothing new is ordered. Raises ReturnDayPassed."""
    if until is not None and until <= today:
        raise ReturnDayPassed(field="until")
    cooperative = _locked(cooperative_id)
    cooperative.paused_from, cooperative.paused_until, cooperative.pause_note = now, until, note.strip()
    cooperative.save(update_fields=["paused_from", "paused_until", "pause_note"])
    record_change(
        "cooperative.paused",
        cooperative,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        why=note,
        data={"until": until.isoformat() if until else None},
    )


@transaction.atomic(durable=True)
def resume_cooperative(*, cooperative_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Sell again before the day that was named."""
    cooperative = _locked(cooperative_id)
    cooperative.paused_from, cooperative.paused_until, cooperative.pause_note = None, None, ""
    cooperative.save(update_fields=["paused_from", "paused_until", "pause_note"])
    record_change("cooperative.resumed", cooperative, actor=actor, now=now, cooperative_id=cooperative.pk)


def free_slug(name: str) -> str:
    """A slug of the name that no cooperative has yet."""
    wanted = slug(name)[:100]
    taken = set(Cooperative.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    candidates = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, len(taken) + 2))
    return next(each for each in candidates if each not in taken)


def _locked(cooperative_id: int) -> Cooperative:
    cooperative = locked_one(Cooperative.objects.filter(pk=cooperative_id))
    if cooperative is None:
        raise Missing()
    return cooperative
