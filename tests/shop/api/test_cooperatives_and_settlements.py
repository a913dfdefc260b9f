"""Cooperatives over the API, which extends Saleor's schema: profiles, pauses, applications, settlements."""

from __future__ import annotations

import datetime
import uuid

import pytest

from cooperatives.models import Cooperative
from cooperatives.states import CooperativeState
from orders.models import Payout, Settlement
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.models import Change
from tests.factories import (
    COMPLETE_APPLICATION,
    accept_all_documents,
    make_cooperative,
    make_seller,
    make_staff,
    make_user,
)
from tests.orders.settlement.settlement_helpers import ACCOUNT, close_open_settlement, make_open_settlement
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

FIGURES = "figures { carriedForward { amount } corrections { amount } payable { amount currency } }"
SETTLEMENTS_AND_PAYOUTS = f"""query($cooperative: ID) {{
    cooperativeSettlements(first: 9, cooperative: $cooperative) {{ totalCount edges {{ node {{
        number state cooperative {{ name }} {FIGURES} payout {{ amount {{ amount }} state accountEnd }}
    }} }} }}
    cooperativePayouts(first: 9, cooperative: $cooperative) {{ edges {{ node {{
        id reference settlement {{ cooperative {{ name }} }} }} }} }}
}}"""
MARK_PAID = """mutation($id: ID!, $reference: String!, $key: UUID) {
    payoutMarkPaid(id: $id, reference: $reference, idempotencyKey: $key) {
        payout { state reference } errors { field code } } }"""
DECIDE = """mutation($id: ID!, $state: CooperativeState!, $reason: String) {
    cooperativeAnswer(id: $id, state: $state, reason: $reason) {
        cooperative { state } errors { field code } } }"""


def key_of(row):
    return global_id("Cooperative", row.pk)


def test_cooperative_staff_update_its_page_and_pause_it() -> None:
    thien_an, other_cooperative = (
        make_cooperative("HTX Thiên An", story="Từ xưa."),
        make_cooperative("HTX Khác"),
    )
    token = token_of(make_staff(Permission.MANAGE_PRODUCTS, works_for=(thien_an,)))
    day = datetime.date.today() + datetime.timedelta(days=20)
    update = """mutation($id: ID!, $input: CooperativeInput!) { cooperativeUpdate(id: $id, input: $input) {
        cooperative { summary story } errors { field code } } }"""
    pause = """mutation($id: ID!, $until: Date, $note: String) {
        cooperativePause(id: $id, until: $until, note: $note) {
            cooperative { pausedUntil } errors { field code } } }"""
    resume = (
        "mutation($id: ID!) { cooperativeResume(id: $id) { cooperative { pausedUntil } errors { code } } }"
    )

    updated = data_of(update, token, id=key_of(thien_an), input={"summary": "Gối  thảo dược"})[
        "cooperativeUpdate"
    ]
    paused = data_of(pause, token, id=key_of(thien_an), until=day.isoformat(), note="Tết")["cooperativePause"]
    resumed = data_of(resume, token, id=key_of(thien_an))["cooperativeResume"]

    assert updated == {"cooperative": {"summary": "Gối thảo dược", "story": "Từ xưa."}, "errors": []}
    assert paused == {"cooperative": {"pausedUntil": day.isoformat()}, "errors": []}
    assert resumed == {"cooperative": {"pausedUntil": None}, "errors": []}
    changes = Change.objects.of_row(thien_an).order_by("pk").values_list("action", "entry_point")
    assert list(changes) == [
        (f"cooperative.{action}", "api") for action in ("profile_changed", "paused", "resumed")
    ]
    unauthorised_tokens = (None, token_of(make_user()), token_of(make_staff(Permission.MANAGE_ORDERS)))
    before = all_rows()
    for query, variables, field, code in (
        (update, {"id": key_of(other_cooperative), "input": {"story": "X"}}, "id", "NOT_FOUND"),
        (pause, {"id": key_of(other_cooperative)}, "id", "NOT_FOUND"),
        (update, {"id": key_of(thien_an), "input": {"summary": "x" * 251}}, "summary", "INVALID"),
        (pause, {"id": key_of(thien_an), "until": "2020-01-01"}, "until", "INVALID"),
        (pause, {"id": key_of(thien_an), "note": "x" * 251}, "note", "INVALID"),
    ):
        (payload,) = data_of(query, token, **variables).values()
        assert payload == {"cooperative": None, "errors": [{"field": field, "code": code}]}
    for nobody in unauthorised_tokens:
        assert execute(resume, nobody, id=key_of(thien_an))["data"] == {"cooperativeResume": None}
    assert all_rows() == before


def test_platform_staff_decide_on_a_seller_application() -> None:
    applicant = make_cooperative("HTX Mới", state=CooperativeState.APPLIED, **COMPLETE_APPLICATION)
    token, key = token_of(make_staff(Permission.MANAGE_STAFF)), key_of(applicant)

    def answered(state, **variables):
        return data_of(DECIDE, token, id=key, state=state, **variables)["cooperativeAnswer"]

    assert answered("REJECTED")["errors"] == [{"field": "reason", "code": "REQUIRED"}]
    assert answered("NEEDS_MORE", reason="Thiếu giấy") == {
        "cooperative": {"state": "NEEDS_MORE"},
        "errors": [],
    }
    assert answered("APPROVED")["errors"] == [{"field": None, "code": "INVALID"}]  # documents are missing
    accept_all_documents(applicant)
    assert answered("APPROVED") == {"cooperative": {"state": "APPROVED"}, "errors": []}
    assert answered("REJECTED", reason="x")["errors"][0]["code"] == "TRANSITION_NOT_ALLOWED"
    assert Cooperative.objects.get(pk=applicant.pk).warehouses.count() == 1
    state_query = "query($id: ID!) { cooperative(id: $id) { name state } }"
    response = execute(state_query, id=key)
    assert response["data"] == {"cooperative": {"name": "HTX Mới", "state": None}}
    assert response["errors"][0]["extensions"]["code"] == "PermissionDenied"
    members = token_of(make_staff(Permission.MANAGE_PRODUCTS, works_for=(applicant,)))
    assert execute(DECIDE, members, id=key, state="SUSPENDED", reason="x")["data"] == {
        "cooperativeAnswer": None
    }


def test_settlement_is_closed_and_paid_and_staff_see_only_their_own() -> None:
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    Cooperative.objects.filter(pk=thien_an.pk).update(**ACCOUNT)
    running, theirs = (
        make_open_settlement(thien_an),
        make_open_settlement(yen_duong, 70_000, idempotency_key="2"),
    )
    platform = token_of(make_staff(Permission.HANDLE_PAYMENTS))
    members = token_of(make_staff(Permission.HANDLE_PAYMENTS, works_for=(thien_an,)))
    close_query = """mutation($id: ID!) { cooperativeSettlementClose(id: $id) {
        settlement { state closedAt } errors { code } } }"""

    def read_money(token, **variables):
        return data_of(SETTLEMENTS_AND_PAYOUTS, token, **variables)

    def edge_of(name, state, amount, payout):
        money = {"amount": amount}
        figures = {
            "carriedForward": {"amount": 0},
            "corrections": money,
            "payable": money | {"currency": "VND"},
        }
        settlement = {"cooperative": {"name": name}, "figures": figures, "payout": payout}
        return {"node": {"number": 1, "state": state} | settlement}

    own_settlements = read_money(members)["cooperativeSettlements"]
    assert own_settlements == {"totalCount": 1, "edges": [edge_of("HTX Thiên An", "OPEN", 50_000, None)]}
    assert read_money(platform)["cooperativeSettlements"]["totalCount"] == 2
    assert read_money(members, cooperative=key_of(yen_duong))["cooperativeSettlements"]["totalCount"] == 0
    closed = data_of(close_query, platform, id=global_id("CooperativeSettlement", running.pk))
    assert closed["cooperativeSettlementClose"]["settlement"]["state"] == "CLOSED"
    closed_again = data_of(close_query, platform, id=global_id("CooperativeSettlement", running.pk))
    assert closed_again["cooperativeSettlementClose"] == {
        "settlement": None,
        "errors": [{"code": "ALREADY_CLOSED"}],
    }
    payout = Payout.objects.get(settlement=running)
    paid = {"amount": {"amount": 50_000}, "state": "DUE", "accountEnd": "0011"}
    (edge,) = read_money(members)["cooperativePayouts"]["edges"]
    assert edge["node"]["settlement"] == {"cooperative": {"name": "HTX Thiên An"}}
    own_settlements = read_money(members)["cooperativeSettlements"]["edges"]
    assert edge_of("HTX Thiên An", "CLOSED", 50_000, paid) in own_settlements

    key, sent = global_id("CooperativePayout", payout.pk), str(uuid.uuid4())
    without_reference = data_of(MARK_PAID, platform, id=key, reference=" ")["payoutMarkPaid"]
    assert without_reference["errors"] == [{"field": "reference", "code": "REQUIRED"}]
    for _repeat in range(2):
        payload = data_of(MARK_PAID, platform, id=key, reference="FT1", key=sent)["payoutMarkPaid"]
        assert payload == {"payout": {"state": "PAID", "reference": "FT1"}, "errors": []}
    with_other_reference = data_of(MARK_PAID, platform, id=key, reference="FT2")["payoutMarkPaid"]
    assert with_other_reference["errors"] == [{"field": None, "code": "ALREADY_PAID"}]
    anybody = token_of(make_user())
    before = all_rows()
    assert execute(MARK_PAID, members, id=key, reference="x")["data"] == {"payoutMarkPaid": None}
    assert execute(close_query, members, id=global_id("CooperativeSettlement", theirs.pk))["data"] == {
        "cooperativeSettlementClose": None
    }
    assert execute(SETTLEMENTS_AND_PAYOUTS, anybody)["data"] == {
        "cooperativeSettlements": None,
        "cooperativePayouts": None,
    }
    assert all_rows() == before


def test_settlement_queries_do_not_grow_with_rows(django_assert_num_queries) -> None:
    platform = token_of(make_staff(Permission.HANDLE_PAYMENTS))
    query_count = 14  # the user, their permissions, and the fields of both lists
    for number, name in enumerate(("HTX A", "HTX B", "HTX C")):
        cooperative = make_seller(name)
        make_open_settlement(cooperative, idempotency_key=f"{number}a")
        close_open_settlement(cooperative)
        make_open_settlement(cooperative, idempotency_key=f"{number}b")
        with django_assert_num_queries(query_count):
            data_of(SETTLEMENTS_AND_PAYOUTS, platform)
    assert Settlement.objects.count() == 6
