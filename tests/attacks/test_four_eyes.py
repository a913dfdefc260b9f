"""The second-person rule for payouts and bank accounts cannot be bypassed by one person."""

from __future__ import annotations

import copy
import datetime
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from cooperatives.models import Role
from orders.actions.approvals import decide_proposals
from orders.actions.approvals.decide_proposals import (
    NotTheProposer,
    ProposalAlreadyDecided,
    ProposalLapsed,
    SamePerson,
    change_second_person_rules,
    confirm_proposal,
    decline_proposal,
    propose_payout,
    withdraw_proposal,
)
from orders.actions.bank_transfers.transfer_review import confirm_transfer_returned, return_transfer
from orders.actions.payouts.bank_accounts import (
    BankAccount,
    change_cooperative_account,
    use_current_cooperative_account,
)
from orders.actions.payouts.complete_payouts import PayoutReferenceRequired, mark_payout_paid
from orders.actions.payouts.payment_settings import change_market_account
from orders.actions.payouts.proposals import (
    PROPOSAL_LIFETIME,
    PersonRequired,
    ProposalPending,
    SecondPersonRequired,
)
from orders.models import Approval, Payout
from orders.states import APPROVAL_TRANSITIONS, ApprovalState, PayoutState
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor, EntryPoint
from shop.core.errors import ReasonRequired
from shop.core.models import Change, ShopSettings, shop_settings
from shop.notifications.models import Notification
from tests.factories import fixed_now, make_admin, make_cooperative, make_member, make_staff, make_user
from tests.markup import html_of
from tests.orders.bank_transfers.transfer_helpers import make_transfer_order, receive_transfer
from tests.orders.settlement.settlement_helpers import ACCOUNT, make_due_payout
from tests.races.parallel import run_in_threads
from tests.refusals import assert_refused
from tests.state_tables import unreachable_states

pytestmark = pytest.mark.django_db
OTHER = BankAccount("970436", "0071000123456", "KE GIAN")


@pytest.fixture
def rules() -> None:
    ShopSettings.objects.create(
        pk=1, needs_second_person_for_payouts=True, needs_second_person_for_account_changes=True
    )


def make_staff_actor(name: str = "Lan") -> Actor:
    return make_user(first_name=name).as_actor(EntryPoint.DESK)


def confirm_payout_sent(payout: Payout, actor: Actor) -> None:
    mark_payout_paid(payout_id=payout.pk, reference="FT1", actor=actor, now=fixed_now())


def test_payout_needs_two_people(rules) -> None:
    payout, lan, mai = (
        make_due_payout(make_cooperative(**ACCOUNT), 182_000),
        make_staff_actor(),
        make_staff_actor("Mai"),
    )

    with assert_refused(SecondPersonRequired, "second_person_required"):
        confirm_payout_sent(payout, lan)
    proposal = propose_payout(payout_id=payout.pk, actor=lan, now=fixed_now())
    with assert_refused(SamePerson, "same_person"):
        confirm_proposal(approval_id=proposal.pk, actor=lan, now=fixed_now())
    with assert_refused(SecondPersonRequired, "second_person_required"):
        confirm_payout_sent(payout, mai)
    confirm_proposal(approval_id=proposal.pk, actor=mai, now=fixed_now())
    confirm_payout_sent(payout, lan)

    payout.refresh_from_db()
    assert payout.state == PayoutState.PAID
    assert [change.action for change in Change.objects.filter(kind="orders.approval").order_by("pk")] == [
        "approval.proposed",
        "approval.confirmed",
    ]


def test_returned_transfer_needs_two_people(rules) -> None:
    """One person could send stray money to any account: the desk has its own page for returned transfers."""
    make_transfer_order()
    transfer, lan, mai = receive_transfer("tien hang"), make_staff_actor(), make_staff_actor("Mai")
    payout = return_transfer(
        transfer_id=transfer.pk, account=OTHER, reason="Nhầm", actor=lan, now=fixed_now()
    )
    confirm_return = partial(confirm_transfer_returned, transfer_id=transfer.pk, now=fixed_now())

    with assert_refused(PayoutReferenceRequired, "payout_reference_required"):
        confirm_return(reference=" ", actor=lan)
    with assert_refused(SecondPersonRequired, "second_person_required"):
        confirm_return(reference="FT1", actor=lan)
    proposal = propose_payout(payout_id=payout.pk, actor=lan, now=fixed_now())
    confirm_proposal(approval_id=proposal.pk, actor=mai, now=fixed_now())

    assert confirm_return(reference="FT1", actor=lan).state == PayoutState.PAID


def test_payout_page_shows_who_proposed_and_confirmed(rules, client: Client) -> None:
    payout, lan, mai = (
        make_due_payout(make_cooperative(**ACCOUNT), 182_000),
        make_staff_actor(),
        make_staff_actor("Mai"),
    )
    proposal = propose_payout(payout_id=payout.pk, actor=lan, now=fixed_now())
    confirm_proposal(approval_id=proposal.pk, actor=mai, now=fixed_now())
    client.force_login(make_admin())

    history = client.get(reverse("desk:payout", args=[payout.pk])).context["history"]

    assert [(str(row.text), row.actor_name) for row in history] == [
        ("Người thứ hai đã xác nhận", "Mai"),
        ("Gửi người thứ hai xác nhận", "Lan"),
    ]


def test_only_the_confirmed_payout_is_paid(rules) -> None:
    """The account changes between confirmation and payment, and before a confirmation."""
    cooperative = make_cooperative(**ACCOUNT)
    payout, lan, mai = make_due_payout(cooperative, 182_000), make_staff_actor(), make_staff_actor("Mai")
    confirm_proposal(
        approval_id=propose_payout(payout_id=payout.pk, actor=lan, now=fixed_now()).pk,
        actor=mai,
        now=fixed_now(),
    )

    type(cooperative).objects.update(bank_account="666666", bank_holder="KE GIAN")
    use_current_cooperative_account(payout_id=payout.pk, actor=lan, now=fixed_now())

    with assert_refused(SecondPersonRequired, "second_person_required"):
        confirm_payout_sent(payout, lan)
    proposal = propose_payout(payout_id=payout.pk, actor=lan, now=fixed_now())
    Payout.objects.filter(pk=payout.pk).update(bank_account="777777")
    with pytest.raises(ProposalLapsed):
        confirm_proposal(approval_id=proposal.pk, actor=mai, now=fixed_now())
    proposal.refresh_from_db()
    assert proposal.state == ApprovalState.LAPSED


def test_cooperative_account_changes_when_a_second_manager_confirms(rules) -> None:
    cooperative = make_cooperative(**ACCOUNT)
    lan, mai = (make_member(cooperative, Role.MANAGER).as_actor(EntryPoint.MEMBERS) for _ in range(2))

    proposal = change_cooperative_account(
        cooperative_id=cooperative.pk, account=OTHER, actor=lan, now=fixed_now()
    )

    cooperative.refresh_from_db()
    assert cooperative.bank_account == ACCOUNT["bank_account"]
    assert Notification.objects.filter(subject__contains="đang chờ xác nhận").count() == 3
    with assert_refused(ProposalPending, "proposal_pending"):
        change_cooperative_account(cooperative_id=cooperative.pk, account=OTHER, actor=mai, now=fixed_now())
    with assert_refused(SamePerson, "same_person"):
        confirm_proposal(approval_id=proposal.pk, actor=lan, now=fixed_now())
    confirm_proposal(approval_id=proposal.pk, actor=mai, now=fixed_now())
    cooperative.refresh_from_db()
    assert (cooperative.bank_bin, cooperative.bank_account) == (OTHER.bank_bin, OTHER.number)


def test_market_account_changes_when_a_second_person_confirms(rules) -> None:
    lan, mai = make_staff_actor(), make_staff_actor("Mai")

    proposal = change_market_account(account=OTHER, actor=lan, now=fixed_now())

    assert shop_settings().bank_account == ""
    confirm_proposal(approval_id=proposal.pk, actor=mai, now=fixed_now())
    assert shop_settings().bank_account == OTHER.number


def test_switching_the_rule_off_needs_a_second_person(rules) -> None:
    lan, mai = (make_admin(first_name=name).as_actor(EntryPoint.DESK) for name in ("Lan", "Mai"))

    proposal = change_second_person_rules(
        is_needed_for_payouts=False, is_needed_for_account_changes=True, actor=lan, now=fixed_now()
    )

    assert shop_settings().needs_second_person_for_payouts
    with assert_refused(SamePerson, "same_person"):
        confirm_proposal(approval_id=proposal.pk, actor=lan, now=fixed_now())
    confirm_proposal(approval_id=proposal.pk, actor=mai, now=fixed_now())
    assert not shop_settings().needs_second_person_for_payouts
    assert (
        change_second_person_rules(
            is_needed_for_payouts=True, is_needed_for_account_changes=True, actor=lan, now=fixed_now()
        )
        is None
    )
    assert shop_settings().needs_second_person_for_payouts


def test_proposal_is_declined_with_a_reason_or_withdrawn_by_its_author(rules) -> None:
    lan, mai = make_staff_actor(), make_staff_actor("Mai")
    payout = make_due_payout(make_cooperative(**ACCOUNT), 182_000)
    proposal = propose_payout(payout_id=payout.pk, actor=lan, now=fixed_now())

    with assert_refused(ReasonRequired, "reason_required"):
        decline_proposal(approval_id=proposal.pk, reason=" ", actor=mai, now=fixed_now())
    with assert_refused(NotTheProposer, "not_the_proposer"):
        withdraw_proposal(approval_id=proposal.pk, actor=mai, now=fixed_now())
    decline_proposal(approval_id=proposal.pk, reason="Sai tài khoản", actor=mai, now=fixed_now())
    with assert_refused(ProposalAlreadyDecided, "proposal_already_decided"):
        confirm_proposal(approval_id=proposal.pk, actor=mai, now=fixed_now())
    second = propose_payout(payout_id=payout.pk, actor=lan, now=fixed_now())
    withdraw_proposal(approval_id=second.pk, actor=lan, now=fixed_now())

    states = dict(Approval.objects.values_list("pk", "state"))
    assert states == {proposal.pk: ApprovalState.DECLINED, second.pk: ApprovalState.WITHDRAWN}
    assert Change.objects.get(action="approval.declined").reason == "Sai tài khoản"


def test_old_proposal_lapses_and_can_be_repeated(rules) -> None:
    lan, mai = make_staff_actor(), make_staff_actor("Mai")
    payout = make_due_payout(make_cooperative(**ACCOUNT), 182_000)
    first = propose_payout(payout_id=payout.pk, actor=lan, now=fixed_now())
    later = fixed_now() + PROPOSAL_LIFETIME + datetime.timedelta(minutes=1)

    with pytest.raises(ProposalLapsed):
        confirm_proposal(approval_id=first.pk, actor=mai, now=later)
    propose_payout(payout_id=payout.pk, actor=lan, now=later)

    first.refresh_from_db()
    assert first.state == ApprovalState.LAPSED


def test_apps_and_the_system_cannot_confirm(rules) -> None:
    payout = make_due_payout(make_cooperative(**ACCOUNT), 182_000)
    proposal = propose_payout(payout_id=payout.pk, actor=make_staff_actor(), now=fixed_now())

    for actor in (Actor.system(), Actor.app(1, "Kế toán", EntryPoint.API)):
        with assert_refused(PersonRequired, "person_required"):
            confirm_proposal(approval_id=proposal.pk, actor=actor, now=fixed_now())


def test_one_person_is_enough_without_the_rule() -> None:
    payout, lan = make_due_payout(make_cooperative(**ACCOUNT), 182_000), make_staff_actor()

    confirm_payout_sent(payout, lan)

    payout.refresh_from_db()
    assert payout.state == PayoutState.PAID
    assert not Approval.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_concurrent_confirmations_act_once() -> None:
    ShopSettings.objects.create(pk=1, needs_second_person_for_account_changes=True)
    cooperative = make_cooperative(**ACCOUNT)
    proposal = change_cooperative_account(
        cooperative_id=cooperative.pk, account=OTHER, actor=make_staff_actor(), now=fixed_now()
    )
    other_staff = [make_staff_actor(name) for name in ("Mai", "Hoa", "Cúc", "Đào")]

    results = run_in_threads(
        [
            lambda who=who: confirm_proposal(approval_id=proposal.pk, actor=who, now=fixed_now())
            for who in other_staff
        ]
    )

    assert (
        sorted(type(result).__name__ for result in results) == ["NoneType"] + ["ProposalAlreadyDecided"] * 3
    )
    assert Change.objects.filter(action="cooperative.account_changed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_every_confirmation_acts(monkeypatch) -> None:
    """Proves that the test above finds the fault: everyone who read the open proposal early acts too."""
    ShopSettings.objects.create(pk=1, needs_second_person_for_account_changes=True)
    cooperative = make_cooperative(**ACCOUNT)
    proposal = change_cooperative_account(
        cooperative_id=cooperative.pk, account=OTHER, actor=make_staff_actor(), now=fixed_now()
    )
    other_staff = [make_staff_actor(name) for name in ("Mai", "Hoa", "Cúc", "Đào")]
    basis = proposal.basis
    monkeypatch.setattr(decide_proposals, "lock_row", lambda _rows: copy.copy(proposal))
    monkeypatch.setattr(decide_proposals, "read_cooperative_account_values", lambda _key: basis)

    run_in_threads(
        [
            lambda who=who: confirm_proposal(approval_id=proposal.pk, actor=who, now=fixed_now())
            for who in other_staff
        ]
    )

    assert Change.objects.filter(action="cooperative.account_changed").count() == 4


def test_approval_state_table_is_complete() -> None:
    assert unreachable_states(APPROVAL_TRANSITIONS, first=ApprovalState.OPEN) == set()
    assert set(APPROVAL_TRANSITIONS) == set(ApprovalState.values)


def test_desk_shows_proposals_and_a_second_person_confirms(rules, client: Client) -> None:
    payout = make_due_payout(make_cooperative("HTX Thiên An", **ACCOUNT), 182_000)
    lan = make_staff(Permission.HANDLE_PAYMENTS, first_name="Lan")
    mai = make_staff(Permission.HANDLE_PAYMENTS, first_name="Mai")
    page = reverse("desk:payout", args=[payout.pk])
    first, second = Client(), Client()
    first.force_login(lan)
    second.force_login(mai)

    before = html_of(first.get(page))
    listed_before = html_of(first.get(reverse("desk:payouts")))
    first.post(reverse("desk:propose-payout", args=[payout.pk]))
    proposal = Approval.objects.get()
    proposer_client = html_of(first.get(reverse("desk:approvals")))
    home_page = html_of(second.get(reverse("desk:home")))
    decision = reverse("desk:decide-approval", args=[proposal.pk])
    first.post(decision, {"confirm": "1"})
    assert Approval.objects.get().state == ApprovalState.OPEN
    second.post(decision, {"confirm": "1"})
    after = html_of(first.get(page))
    listed_after = html_of(first.get(reverse("desk:payouts")))

    assert 'name="payout"' not in listed_before
    assert reverse("desk:due-payouts") not in listed_before
    assert 'name="payout"' in listed_after
    assert reverse("desk:due-payouts") in listed_after
    assert "<svg" not in before.split("VietQR")[0] or "pay-code" not in before
    assert reverse("desk:propose-payout", args=[payout.pk]) in before
    assert reverse("desk:mark-payout-paid", args=[payout.pk]) not in before
    assert 'name="withdraw"' in proposer_client
    assert 'name="confirm"' not in proposer_client
    assert "Chờ người thứ hai" in home_page
    assert Approval.objects.get().state == ApprovalState.CONFIRMED
    assert reverse("desk:mark-payout-paid", args=[payout.pk]) in after


def test_desk_hides_proposals_from_staff_who_cannot_decide(rules) -> None:
    proposal = change_market_account(account=OTHER, actor=make_staff_actor(), now=fixed_now())
    client = Client()
    client.force_login(make_staff(Permission.HANDLE_PAYMENTS))

    page = client.get(reverse("desk:approvals"))
    response = client.post(reverse("desk:decide-approval", args=[proposal.pk]), {"confirm": "1"})

    assert OTHER.number not in html_of(page)
    assert response.status_code == 404
    assert Approval.objects.get().state == ApprovalState.OPEN


def test_members_decide_only_on_their_own_cooperatives_account(rules) -> None:
    cooperative, foreign = make_cooperative(**ACCOUNT), make_cooperative("HTX khác")
    lan, mai = make_member(cooperative, Role.MANAGER), make_member(cooperative, Role.MANAGER)
    stranger = make_member(foreign, Role.MANAGER)
    proposal = change_cooperative_account(
        cooperative_id=cooperative.pk, account=OTHER, actor=lan.as_actor(EntryPoint.MEMBERS), now=fixed_now()
    )
    decision = reverse("members:decide-account-change", args=[proposal.pk])
    clients = [Client() for _ in range(2)]
    for client, user in zip(clients, (stranger, mai), strict=True):
        client.force_login(user)

    foreign_answer = clients[0].post(decision, {"confirm": "1"})
    page = html_of(clients[1].get(reverse("members:payout-account")))
    clients[1].post(decision, {"confirm": "1"})

    assert foreign_answer.status_code == 404
    assert OTHER.number in page
    cooperative.refresh_from_db()
    assert cooperative.bank_account == OTHER.number
