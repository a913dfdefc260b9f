"""The members' pages of alerts."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cooperatives.models import Membership, Role
from orders.actions.alerts.alert_rules import load_alert_rules, set_alert_rules
from orders.actions.alerts.escalate_alerts import escalate_alerts
from orders.alert_states import AlertState
from orders.models import Alert
from shop.core.actors import Actor
from shop.core.models import Change
from tests.factories import make_member, make_order, make_seller, make_variant
from tests.markup import html_of

pytestmark = pytest.mark.django_db
ADDRESS = "/en/xa-vien/bao-tin/"


def make_alerts(seller, count):
    now = timezone.now()
    variant = make_variant(seller, on_hand=50)
    set_alert_rules(
        cooperative_id=seller.pk,
        minutes=5,
        quiet_from=0,
        quiet_until=0,
        low_stock_at=5,
        near_expiry_days=10,
        actor=Actor.system("test"),
        now=now,
    )
    parts = [make_order((variant, 1), now=now).parts.get() for _order in range(count)]
    escalate_alerts(now=now)
    return parts


def test_list_says_who_was_told_and_who_has_seen_it(packer, seller) -> None:
    make_member(seller, Role.PACKER, first_name="Hoa")
    (part,) = make_alerts(seller, 1)
    page = html_of(packer.get(ADDRESS))
    assert f"New order {part.order.code}" in page
    assert "Nobody has seen it yet" in page
    assert "told by email" in page

    response = packer.get(f"{ADDRESS}{Alert.objects.get().pk}/")

    assert response["Location"] == f"/en/xa-vien/goi/{part.pk}/"
    page = html_of(packer.get(ADDRESS))
    assert "seen by" in page
    assert "Nobody has seen it yet" not in page


def test_opening_the_order_counts_as_seeing_its_alert(packer, seller) -> None:
    (part,) = make_alerts(seller, 1)

    packer.get(f"/en/xa-vien/goi/{part.pk}/")

    assert Alert.objects.get().state == AlertState.SEEN


def test_alert_of_another_cooperative_is_not_found(packer) -> None:
    other = make_seller("HTX Nậm Cắt")
    make_alerts(other, 1)

    response = packer.get(f"{ADDRESS}{Alert.objects.get().pk}/")

    assert (response.status_code, Alert.objects.get().state) == (404, AlertState.UNANSWERED)
    assert "No alerts yet" in html_of(packer.get(ADDRESS))


def test_alert_of_another_own_cooperative_opens_and_switches_to_it(client) -> None:
    thien_an, nam_cat = make_seller("HTX Thiên An"), make_seller("HTX Nậm Cắt")
    member = make_member(thien_an, Role.PACKER)
    Membership.objects.create(cooperative=nam_cat, user=member, role=Role.PACKER)
    client.force_login(member)
    client.post("/en/xa-vien/hop-tac-xa/", {"cooperative": thien_an.pk})
    (part,) = make_alerts(nam_cat, 1)

    response = client.get(f"{ADDRESS}{Alert.objects.get().pk}/")

    assert (response["Location"], Alert.objects.get().state) == (
        f"/en/xa-vien/goi/{part.pk}/",
        AlertState.SEEN,
    )
    assert part.order.code in html_of(client.get(response["Location"]))


def test_alert_of_a_cooperative_where_the_member_does_not_pack_is_not_found(packer, seller) -> None:
    member = seller.memberships.get().user
    other = make_seller("HTX Nậm Cắt")
    Membership.objects.create(cooperative=other, user=member, role=Role.LISTER)
    session = packer.session
    session["members_cooperative"] = seller.pk
    session.save()
    make_alerts(other, 1)

    response = packer.get(f"{ADDRESS}{Alert.objects.get().pk}/")

    assert (response.status_code, Alert.objects.get().state) == (404, AlertState.UNANSWERED)
    assert packer.session["members_cooperative"] == seller.pk


def test_manager_sets_minutes_and_quiet_hours(manager, seller) -> None:
    path = f"{ADDRESS}cach-bao/"
    wrong = {"minutes": "0", "quiet_from": "24", "quiet_until": "", "low_stock_at": "-1"}
    page = html_of(manager.post(path, wrong | {"near_expiry_days": "366"}))
    assert page.count('class="error"') == 5
    assert load_alert_rules(seller.pk).minutes == 10

    right = {"minutes": "15", "quiet_from": "22", "quiet_until": "6", "low_stock_at": "8"}
    manager.post(path, right | {"near_expiry_days": "4"})

    rules = load_alert_rules(seller.pk)
    assert (rules.minutes, rules.quiet_from, rules.quiet_until) == (15, 22, 6)
    seller.refresh_from_db()
    assert (seller.low_stock_threshold, seller.days_near_expiry) == (8, 4)
    assert Change.objects.filter(action="cooperative.stock_warnings_changed").count() == 1


def test_packer_may_not_set_the_rules(packer) -> None:
    assert packer.get(f"{ADDRESS}cach-bao/").status_code == 403


def test_query_count_does_not_depend_on_the_number_of_alerts(packer, seller) -> None:
    make_alerts(seller, 1)
    with CaptureQueriesContext(connection) as few:
        packer.get(ADDRESS)
    make_alerts(seller, 4)

    with CaptureQueriesContext(connection) as many:
        assert html_of(packer.get(ADDRESS)).count("New order") == 5

    assert len(many) == len(few)
