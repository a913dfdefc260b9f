"""An application with a wrong phone, tax code or bank account is not approved."""

from __future__ import annotations

import pytest

from cooperatives.actions.application_checks import ApplicationIncomplete
from cooperatives.actions.cooperative_lifecycle import set_cooperative_state
from cooperatives.states import CooperativeState
from shop.core.actors import Actor
from tests.factories import COMPLETE_APPLICATION, NOW, accept_all_documents, make_cooperative
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


def approve(cooperative) -> None:
    set_cooperative_state(
        cooperative_id=cooperative.pk,
        new_state=CooperativeState.APPROVED,
        actor=Actor.system("test"),
        now=NOW,
    )
    cooperative.refresh_from_db()


@pytest.mark.parametrize("state", [CooperativeState.APPLIED, CooperativeState.NEEDS_MORE])
@pytest.mark.parametrize(
    ("field", "value", "check"),
    [
        ("phone", "12", "phone"),
        ("phone", "", "phone"),
        ("tax_code", "abc", "tax_code"),
        ("tax_code", "0101248142", "tax_code"),
        ("bank_holder", "NGUYEN VAN KHAC", "bank_holder"),
        ("bank_account", "", "bank_holder"),
        ("representative", "", "representative"),
        ("registration_number", "", "registration"),
    ],
)
def test_failed_check_stops_approval(state, field: str, value: str, check: str) -> None:
    account = {"legal_name": "Hợp tác xã Nhung Lũy", "bank_holder": "HTX NHUNG LUY"}
    fields = COMPLETE_APPLICATION | account | {field: value}
    cooperative = make_cooperative(state=state, **fields)
    accept_all_documents(cooperative)

    with assert_refused(ApplicationIncomplete, "application_incomplete") as refusal:
        approve(cooperative)

    assert refusal.value.details["checks"] == [check]


@pytest.mark.parametrize("holder", ["HTX NHUNG LUY", "Hợp tác xã Nhung Lũy", "LY  THI NHUNG"])
@pytest.mark.parametrize("tax_code", ["0101248141", "0101248141-001", ""])
def test_complete_application_is_approved(holder: str, tax_code: str) -> None:
    fields = COMPLETE_APPLICATION | {"bank_holder": holder, "tax_code": tax_code}
    cooperative = make_cooperative(
        state=CooperativeState.APPLIED, **fields | {"legal_name": "Hợp tác xã Nhung Lũy"}
    )
    accept_all_documents(cooperative)

    approve(cooperative)

    assert cooperative.state == CooperativeState.APPROVED


def test_suspended_cooperative_is_restored_without_new_checks() -> None:
    cooperative = make_cooperative(state=CooperativeState.SUSPENDED, phone="12")

    approve(cooperative)

    assert cooperative.state == CooperativeState.APPROVED


def test_application_without_documents_is_not_approved() -> None:
    cooperative = make_cooperative(state=CooperativeState.APPLIED, **COMPLETE_APPLICATION)

    with assert_refused(ApplicationIncomplete, "application_incomplete") as refusal:
        approve(cooperative)

    assert refusal.value.details["checks"] == [
        "registration_document",
        "representative_document",
        "bank_account_document",
    ]
