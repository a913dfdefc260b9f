"""Following by mail: double opt-in and one-click unsubscribe."""

from __future__ import annotations

import datetime

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import BackInStockRequest
from cooperatives.actions.followers import (
    confirm_follow,
    delete_unconfirmed_follows_task,
    request_follow,
    unfollow,
)
from cooperatives.models import Follow
from cooperatives.states import CooperativeState
from shop.accounts.models import Consent
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import NOW, make_cooperative, make_product, make_user
from tests.markup import html_of
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
GUEST = Actor.guest()


def follow(slug: str | None = "thien-an", email: str = "hoa@example.com", **overrides) -> Follow:
    fields = {"user": None, "language": "vi", "actor": GUEST, "now": NOW} | overrides
    return request_follow(cooperative_slug=slug, email=email, **fields)


def test_guest_follow_requires_confirmation_and_ends_on_unfollow() -> None:
    make_cooperative("HTX Thiên An", slug="thien-an")
    row = follow(email=" Hoa@Example.com ")
    assert follow().pk == row.pk  # the same address: no second mail within the hour
    notification = Notification.objects.get()
    assert (row.email, row.confirmed_at, notification.recipient) == (
        "hoa@example.com",
        None,
        "hoa@example.com",
    )
    assert f"/theo-doi/{row.token}/" in notification.text
    assert not Follow.objects.confirmed().exists()

    confirm_follow(token=row.token, actor=GUEST, now=NOW)

    consent = Consent.objects.get()
    assert (consent.purpose, consent.subject, consent.given_at) == ("news", f"follow:{row.pk}", NOW)
    follow(now=NOW + datetime.timedelta(days=9))  # a follower gets no mail, so a request reveals nothing
    assert Notification.objects.count() == 1
    unfollow(token=row.token, actor=GUEST, now=NOW)
    consent.refresh_from_db()
    assert (Follow.objects.count(), consent.withdrawn_at) == (0, NOW)
    with assert_refused(Missing, "missing"):
        unfollow(token=row.token, actor=GUEST, now=NOW)
    actions = (
        Change.objects.filter(action__startswith="follow").oldest_first().values_list("action", flat=True)
    )
    assert list(actions) == ["follow.confirmed", "follow.ended"]


def test_confirmed_account_email_follows_without_confirmation() -> None:
    make_cooperative(slug="thien-an")
    user = make_user(email="hoa@example.com")
    unconfirmed_user = make_user(email="lan@example.com", is_confirmed=False)

    own_email = follow(user=user, actor=user.as_actor("market"))
    other_email = follow(email="ban@example.com", user=user)
    unconfirmed = follow(email="lan@example.com", user=unconfirmed_user)
    market = follow(None, user=user)

    assert [row.confirmed_at for row in (own_email, other_email, unconfirmed, market)] == [
        NOW,
        None,
        None,
        NOW,
    ]
    assert (own_email.user, Follow.objects.confirmed().of_person(user.pk).count()) == (user, 2)
    assert set(Notification.objects.values_list("recipient", flat=True)) == {
        "ban@example.com",
        "lan@example.com",
    }


def test_cooperative_without_public_page_cannot_be_followed() -> None:
    make_cooperative(slug="dang-xin", state=CooperativeState.APPLIED)

    for slug in ("dang-xin", "khong-co"):
        with assert_refused(Missing, "missing"):
            follow(slug)


def test_unconfirmed_follows_are_deleted_after_a_week() -> None:
    make_cooperative(slug="thien-an")
    now = timezone.now()
    expired = follow(email="a@example.com", now=now - datetime.timedelta(days=8))
    recent = follow(email="b@example.com", now=now - datetime.timedelta(days=6))
    confirmed = follow(email="c@example.com", now=now - datetime.timedelta(days=8))
    confirm_follow(token=confirmed.token, actor=GUEST, now=now)

    delete_unconfirmed_follows_task()

    assert set(Follow.objects.values_list("pk", flat=True)) == {recent.pk, confirmed.pk}
    assert expired.pk not in {recent.pk, confirmed.pk}


def test_guest_follows_on_cooperative_page_and_unfollows_with_one_click(client: Client) -> None:
    make_cooperative("HTX Thiên An", slug="thien-an")
    assert 'action="/hop-tac-xa/thien-an/theo-doi/"' in html_of(client.get("/hop-tac-xa/thien-an/"))

    unticked = client.post("/hop-tac-xa/thien-an/theo-doi/", {"email": "hoa@example.com"})
    assert 'value="hoa@example.com"' in html_of(unticked)
    assert not Follow.objects.exists()
    client.post("/hop-tac-xa/thien-an/theo-doi/", {"email": "hoa@example.com", "agrees": "on"})

    row = Follow.objects.get()
    client.get(f"/theo-doi/{row.token}/")  # GET does not confirm: mail programs prefetch links
    assert not Follow.objects.confirmed().exists()
    client.post(f"/theo-doi/{row.token}/dong-y/")
    assert Follow.objects.confirmed().get() == row
    strict = Client(enforce_csrf_checks=True)
    responses = [strict.post(f"/theo-doi/{row.token}/", {"List-Unsubscribe": "One-Click"}) for _ in range(2)]
    assert [response.status_code for response in responses] == [200, 200]
    assert not Follow.objects.exists()
    assert client.get(f"/theo-doi/{row.token}/").status_code == 200
    assert client.post(f"/theo-doi/{row.token}/dong-y/").status_code == 404


def test_email_address_has_at_most_ten_follow_requests_a_day(client: Client) -> None:
    for number in range(11):
        make_cooperative(slug=f"htx-{number}")
        client.post(f"/hop-tac-xa/htx-{number}/theo-doi/", {"email": "hoa@example.com", "agrees": "on"})

    assert Follow.objects.count() == 10


def test_account_lists_and_cancels_follows_and_back_in_stock_requests(client: Client) -> None:
    make_cooperative("HTX Thiên An", slug="thien-an")
    honey = make_product(name="Mật ong", on_hand=0)
    user = make_user(email="hoa@example.com")
    own_follow = follow(user=user)
    follow(email="lan@example.com")
    client.force_login(user)
    client.post(f"/san-pham/{honey.slug}/bao-lai/", {"contact": "hoa@example.com"})

    page = html_of(client.get("/theo-doi/cua-toi/"))

    assert "HTX Thiên An" in page
    assert "Mật ong" in page
    assert "lan@example.com" not in page
    for token in (own_follow.token, BackInStockRequest.objects.get().token):
        action = next(path for path in (f"/theo-doi/{token}/", f"/bao-lai/{token}/") if path in page)
        client.post(action)
    assert (Follow.objects.count(), BackInStockRequest.objects.count()) == (1, 0)
    assert Client().get("/theo-doi/cua-toi/").status_code == 302


def test_news_consent_follows_market_and_withdrawal_ends_all_follows(client: Client) -> None:
    make_cooperative(slug="thien-an")
    user = make_user(email="hoa@example.com")
    client.force_login(user)
    follow(user=user)

    client.post("/tai-khoan/dong-y/news/", {"agree": "1"})
    market = Follow.objects.confirmed().get(cooperative=None)
    client.post("/tai-khoan/dong-y/news/")

    assert market.email == "hoa@example.com"
    assert not Follow.objects.exists()
    assert not Consent.objects.filter(withdrawn_at=None).exists()
