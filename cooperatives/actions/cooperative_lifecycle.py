"""Apply to sell, decide on applications, pause and resume a cooperative."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives import notifications
from cooperatives.actions.application_checks import require_complete_application
from cooperatives.actions.application_documents import schedule_document_deletion
from cooperatives.actions.delivery_methods import open_first_warehouse
from cooperatives.models import Cooperative, Membership, Role
from cooperatives.states import COOPERATIVE_TRANSITIONS, CooperativeState
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.database.metadata import set_tracked_columns
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.identifiers.phones import require_phone
from shop.core.models import record_change
from shop.core.states import change_state
from shop.core.texts.folding import fold, slugify


class InvalidReturnDay(Refused):
    code = "invalid_return_day"
    default_message = _("The date sales resume must be in the future.")


class AlreadyApplied(Refused):
    code = "already_applied"
    default_message = _("You already belong to a cooperative here.")


@dataclass(frozen=True, slots=True)
class ApplicationDetails:
    """The applicant's entries, stored unmodified."""

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
    is_food_producer: bool = False
    summary: str = ""
    story: str = ""


@transaction.atomic(durable=True)
def apply_to_sell(
    *, user: User, details: ApplicationDetails, actor: Actor, now: datetime.datetime
) -> Cooperative:
    """Register a cooperative that applies to sell, with the applicant as its manager.

    Raises AlreadyApplied if the user already belongs to a cooperative that was not rejected.
    """
    lock_rows(User.objects.filter(pk=user.pk))  # serialises concurrent submissions of the same application
    return create_application(user=user, details=details, actor=actor, now=now)


def create_application(
    *, user: User, details: ApplicationDetails, actor: Actor, now: datetime.datetime
) -> Cooperative:
    """In a transaction: create the application. Raises AlreadyApplied, InvalidPhone."""
    require_phone(details.phone, is_business=True)
    applications = Cooperative.objects.of_member(user.pk).exclude(state=CooperativeState.REJECTED)
    if applications.exists():
        raise AlreadyApplied()
    cooperative = Cooperative(
        slug=find_unused_cooperative_slug(details.name), folded_name=fold(details.name), **asdict(details)
    )
    cooperative.zalo_phone = details.phone
    cooperative.save(force_insert=True)
    Membership.objects.create(cooperative=cooperative, user=user, role=Role.MANAGER)
    record_change("cooperative.applied", cooperative, actor=actor, now=now, cooperative_id=cooperative.pk)
    notifications.send_application_received(cooperative, now=now)
    return cooperative


def update_application(
    *, cooperative_id: int, details: ApplicationDetails, actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction: replace an application's details and submit it again.

    Raises InvalidPhone, TransitionNotAllowed.
    """
    require_phone(details.phone, is_business=True)
    cooperative = _lock_cooperative(cooperative_id)
    change_state(cooperative, CooperativeState.APPLIED, COOPERATIVE_TRANSITIONS)
    for field, value in asdict(details).items():
        setattr(cooperative, field, value)
    cooperative.folded_name = fold(details.name)
    cooperative.state_reason = ""
    cooperative.save()
    schedule_document_deletion(cooperative, now)
    record_change(
        "cooperative.application_resubmitted",
        cooperative,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
    )
    notifications.send_application_received(cooperative, now=now)


@transaction.atomic(durable=True)
def set_cooperative_state(
    *,
    cooperative_id: int,
    new_state: CooperativeState,
    reason: str = "",
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Approve, request more, reject, suspend or restore. A reason is required except for approval.

    Approval creates the first warehouse, so that products can be listed. Raises ReasonRequired,
    TransitionNotAllowed, ApplicationIncomplete.
    """
    if new_state != CooperativeState.APPROVED and not reason.strip():
        raise ReasonRequired(field="reason")
    cooperative = _lock_cooperative(cooperative_id)
    previous_state = change_state(cooperative, new_state, COOPERATIVE_TRANSITIONS)
    if new_state == CooperativeState.APPROVED and previous_state != CooperativeState.SUSPENDED:
        require_complete_application(cooperative)
    cooperative.state_reason = reason.strip()
    cooperative.save(update_fields=["state_reason"])
    schedule_document_deletion(cooperative, now)
    if new_state == CooperativeState.APPROVED:
        open_first_warehouse(cooperative)
    record_change(
        f"cooperative.{new_state}",
        cooperative,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        reason=reason,
        data={"from": previous_state},
    )
    notifications.send_application_decision(cooperative, now=now)


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
    """Pause selling (Tết, harvest) until a day shown to buyers. Raises InvalidReturnDay.

    A pause that runs already changes its day and note, and keeps its start.
    """
    require_return_day(until, today)
    cooperative = _lock_cooperative(cooperative_id)
    if not cooperative.is_paused_on(today):
        cooperative.paused_from = now
    cooperative.paused_until, cooperative.pause_note = until, note.strip()
    cooperative.save(update_fields=["paused_from", "paused_until", "pause_note"])
    record_change(
        "cooperative.paused",
        cooperative,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        reason=note,
        data={"until": until.isoformat() if until else None},
    )


def require_return_day(until: datetime.date | None, today: datetime.date) -> None:
    """Raise InvalidReturnDay if sales would resume before tomorrow. A pause may have no end."""
    if until is not None and until <= today:
        raise InvalidReturnDay(field="until")


@transaction.atomic(durable=True)
def resume_cooperative(*, cooperative_id: int, actor: Actor, now: datetime.datetime) -> None:
    """End a pause before its announced day."""
    cooperative = _lock_cooperative(cooperative_id)
    cooperative.paused_from, cooperative.paused_until, cooperative.pause_note = None, None, ""
    cooperative.save(update_fields=["paused_from", "paused_until", "pause_note"])
    record_change("cooperative.resumed", cooperative, actor=actor, now=now, cooperative_id=cooperative.pk)


def change_stock_warnings(
    *,
    cooperative_id: int,
    low_stock_at: int,
    near_expiry_days: int,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: set at which stock and how near to a use-by date members are warned."""
    cooperative = _lock_cooperative(cooperative_id)
    values = {"low_stock_at": low_stock_at, "near_expiry_days": near_expiry_days}
    changes = set_tracked_columns(cooperative, values)
    if changes["fields"]:
        cooperative.save(update_fields=list(values))
        record_change(
            "cooperative.stock_warnings_changed",
            cooperative,
            actor=actor,
            now=now,
            cooperative_id=cooperative.pk,
            data=changes,
        )


def find_unused_cooperative_slug(name: str) -> str:
    """Return a slug derived from the name that no other cooperative has."""
    requested = slugify(name)[:100]
    used_slugs = set(Cooperative.objects.filter(slug__startswith=requested).values_list("slug", flat=True))
    candidates = (requested if n == 1 else f"{requested}-{n}" for n in range(1, len(used_slugs) + 2))
    return next(candidate for candidate in candidates if candidate not in used_slugs)


def _lock_cooperative(cooperative_id: int) -> Cooperative:
    cooperative = lock_row(Cooperative.objects.filter(pk=cooperative_id))
    if cooperative is None:
        raise Missing()
    return cooperative
