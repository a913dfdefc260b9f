"""Change, pause and approve cooperatives, close settlements and record payouts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from catalog.actions.sellers.profile_texts import update_seller_profile
from catalog.actions.sellers.sales_pause import pause_cooperative_with_note
from cooperatives.actions.cooperative_lifecycle import (
    resume_cooperative,
    set_cooperative_state,
)
from cooperatives.models import Cooperative
from cooperatives.states import CooperativeState
from orders.actions.payouts.complete_payouts import mark_payout_paid
from orders.actions.settlement.close_settlement import close_settlement
from orders.models import Payout
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.cooperatives import cooperative_object
from shop.api.context import Context
from shop.api.cooperatives.inputs import (
    CooperativeAnswerArguments,
    CooperativePauseArguments,
    CooperativeResumeArguments,
    CooperativeSettlementCloseArguments,
    CooperativeUpdateArguments,
    PayoutMarkPaidArguments,
)
from shop.api.cooperatives.settlements import payout_object, settlement_object
from shop.api.errors import InputError
from shop.api.field_permissions import CooperativeScoped
from shop.api.ids import Key, input_key
from shop.api.input_data import InputData
from shop.api.root_fields import Mutations
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing
from shop.core.models import bind_idempotency_key

mutation = Mutations(
    codes={
        "settlement_already_closed": "ALREADY_CLOSED",
        "payout_already_paid": "ALREADY_PAID",
        "empty_settlement": "NOTHING_TO_SETTLE",
        "payout_account_required": "REQUIRED",
        "key_reused": "UNIQUE",
        "reason_required": "REQUIRED",
        "payout_reference_required": "REQUIRED",
    }
)
OWN_COOPERATIVE_PERMISSIONS = (CooperativeScoped(Permission.MANAGE_PRODUCTS),)
APPLICATION_PERMISSIONS = (Permission.MANAGE_STAFF,)
PAYOUT_PERMISSIONS = (Permission.HANDLE_PAYMENTS,)
_MAX_NOTE_LENGTH = 250
_PROFILE_COLUMNS = ("summary", "story")


@mutation.field(permissions=OWN_COOPERATIVE_PERMISSIONS)
def cooperative_update(
    arguments: CooperativeUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    row, input_data = _find_manageable_cooperative(arguments["id"], context), arguments["input"]
    members: InputData = input_data
    profile = {
        name: members[name] if members.get(name) is not None else getattr(row, name)
        for name in _PROFILE_COLUMNS
    }
    update_seller_profile(cooperative=row, **profile, actor=context.actor, now=context.now)
    return _build_payload(row.pk, context, selection)


@mutation.field(permissions=OWN_COOPERATIVE_PERMISSIONS)
def cooperative_pause(
    arguments: CooperativePauseArguments, context: Context, selection: Selection
) -> dict[str, object]:
    row, note = _find_manageable_cooperative(arguments["id"], context), (arguments.get("note") or "").strip()
    if len(note) > _MAX_NOTE_LENGTH:
        raise InputError("INVALID", _("This text is too long."), field="note")
    pause_cooperative_with_note(
        cooperative_id=row.pk,
        until=arguments.get("until"),
        note=note,
        today=vietnam_date(context.now),
        actor=context.actor,
        now=context.now,
    )
    return _build_payload(row.pk, context, selection)


@mutation.field(permissions=OWN_COOPERATIVE_PERMISSIONS)
def cooperative_resume(
    arguments: CooperativeResumeArguments, context: Context, selection: Selection
) -> dict[str, object]:
    row = _find_manageable_cooperative(arguments["id"], context)
    resume_cooperative(cooperative_id=row.pk, actor=context.actor, now=context.now)
    return _build_payload(row.pk, context, selection)


@mutation.field(permissions=APPLICATION_PERMISSIONS)
def cooperative_answer(
    arguments: CooperativeAnswerArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["id"], "Cooperative", field="id")
    if not Cooperative.objects.filter(pk=key, is_platform_seller=False).exists():
        raise Missing(field="id")
    set_cooperative_state(
        cooperative_id=key,
        new_state=CooperativeState(arguments["state"]),
        reason=arguments.get("reason") or "",
        actor=context.actor,
        now=context.now,
    )
    return _build_payload(key, context, selection)


@mutation.field(permissions=PAYOUT_PERMISSIONS, needs_recent_sign_in=True)
def cooperative_settlement_close(
    arguments: CooperativeSettlementCloseArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["id"], "CooperativeSettlement", field="id")
    close_settlement(settlement_id=key, actor=context.actor, now=context.now)
    return {"settlement": settlement_object.by_key(context, [key], selection.names("settlement")).get(key)}


@mutation.field(permissions=PAYOUT_PERMISSIONS, needs_recent_sign_in=True)
def payout_mark_paid(
    arguments: PayoutMarkPaidArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Mark a settlement's payout as paid. Payouts of refunds are not found."""
    key = input_key(arguments["id"], "CooperativePayout", field="id")
    if not Payout.objects.filter(pk=key, settlement__isnull=False).exists():
        raise Missing(field="id")
    sent_key = arguments.get("idempotencyKey")
    mark_payout_paid(
        payout_id=key,
        reference=arguments["reference"],
        idempotency_key=None
        if sent_key is None
        else bind_idempotency_key(str(sent_key), "api", "paid", key.hex),
        actor=context.actor,
        now=context.now,
    )
    return {"payout": payout_object.by_key(context, [key], selection.names("payout")).get(key)}


def _find_manageable_cooperative(text: str, context: Context) -> Cooperative:
    """Return a cooperative whose products the requester manages. Raises InputError, Missing."""
    key = input_key(text, "Cooperative", field="id")
    own_rows = context.scope(Permission.MANAGE_PRODUCTS).row_filter(cooperative="pk")
    manageable = Cooperative.objects.filter(own_rows, pk=key, is_platform_seller=False).first()
    if manageable is None:
        raise Missing(field="id")
    return manageable


def _build_payload(key: Key, context: Context, selection: Selection) -> dict[str, object]:
    rows_by_pair = cooperative_object.by_pair(context, [(key, None)], selection.names("cooperative"))
    return {"cooperative": rows_by_pair.get((key, None))}
