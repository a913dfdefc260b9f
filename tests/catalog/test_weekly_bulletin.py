"""The weekly bulletin: its creation, spoken text and delivery to followers."""

from __future__ import annotations

import datetime
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.actions.marketing import weekly_bulletin
from catalog.actions.marketing.weekly_bulletin import (
    create_due_bulletins,
    create_weekly_bulletins,
    retry_mails,
    send_bulletin,
    send_bulletin_task,
)
from catalog.models import ALL_MONTHS, Bulletin, Listing, Product
from catalog.states import ListingState
from cooperatives.actions.followers import request_follow, unfollow
from cooperatives.models import Cooperative, Follow
from cooperatives.states import CooperativeState
from shop.core.actors import Actor
from shop.core.dates.calendar import VIETNAM
from shop.core.jobs.sweeps import record_sweep_failure
from shop.core.models import Change, ShopSettings, SweepFailure
from shop.notifications.models import Notification
from tests.factories import NOW, make_channel, make_market_pickup, make_product, make_seller, make_user
from tests.markup import html_of

pytestmark = pytest.mark.django_db
MONDAY = datetime.date(2026, 11, 23)
OCTOBER, NOVEMBER, DECEMBER = 1 << 9, 1 << 10, 1 << 11


@pytest.fixture
def seller() -> Cooperative:
    """Return a seller with products in season, ending and coming, and a pickup on market day."""
    seller = make_seller("HTX Thiên An", slug="thien-an")
    make_market_pickup(seller, make_channel(), weekday=6)
    for name, season, price in (
        ("Quýt", NOVEMBER | DECEMBER, 35_000),
        ("Hồng", OCTOBER | NOVEMBER, 60_000),
        ("Lạp sườn", DECEMBER, 190_000),
        ("Gối", ALL_MONTHS, 320_000),
    ):
        product = make_product(seller, name=name, price=price, unit="kg")
        Product.objects.filter(pk=product.pk).update(season=season)
    Listing.objects.filter(product__name__in=["Quýt", "Hồng"]).update(published_at=NOW.replace(year=2025))
    ShopSettings.objects.create(operator_phone="+842090000001")
    return seller


def mail_recipients() -> list[str]:
    return sorted(Notification.objects.values_list("recipient", flat=True))


def create_bulletins() -> int:
    return create_weekly_bulletins(week=MONDAY, channel=make_channel(), now=NOW)


def test_bulletins_are_created_once_per_seller_and_language(seller) -> None:
    make_seller("HTX Chưa có hàng")
    make_product(make_seller("HTX Bị treo", state=CooperativeState.SUSPENDED), name="Ẩn")
    make_product(make_seller("HTX Nghỉ", paused_from=NOW), name="Ẩn")
    returning = make_product(
        make_seller("HTX Sắp về", paused_from=NOW, paused_until="2026-12-01"), name="Mận"
    )
    Product.objects.filter(pk=returning.pk).update(season=DECEMBER)

    assert (create_bulletins(), create_bulletins()) == (4, 0)

    rows = Bulletin.objects.values_list("cooperative__slug", "language")
    assert set(rows) == {(None, "vi"), (None, "en"), ("thien-an", "vi"), ("thien-an", "en")}
    assert Change.objects.filter(action="bulletin.created").count() == 4
    text = Bulletin.objects.of_market().in_language("vi").get().text
    assert "Ẩn" not in text
    paragraphs = [block.splitlines() for block in re.split(r"\n{2,}", text)]
    by_heading = {block[0]: block[1:] for block in paragraphs}
    assert by_heading["PHIÊN CHỢ VÀ CHUYẾN XE"] == [
        "- Chủ nhật 29/11, 6–10\u00a0giờ: Nhận ở chợ phiên (HTX Thiên An)"
    ]
    assert by_heading["ĐANG MÙA"] == [
        "- Hồng: 60.000\u00a0₫ / kg, HTX Thiên An",
        "- Quýt: 35.000\u00a0₫ / kg, HTX Thiên An",
    ]
    assert by_heading["HÀNG MỚI"] == [
        "- Gối: 320.000\u00a0₫ / kg, HTX Thiên An",
        "- Lạp sườn: 190.000\u00a0₫ / kg, HTX Thiên An",
    ]
    assert by_heading["CUỐI VỤ"] == ["- Hồng, HTX Thiên An"]
    assert by_heading["TỪ THÁNG SAU"] == ["- Lạp sườn, HTX Thiên An", "- Mận, HTX Sắp về"]


def test_past_market_days_are_left_out(seller) -> None:
    sunday_noon = datetime.datetime.combine(MONDAY + datetime.timedelta(days=6), datetime.time(12), VIETNAM)

    create_weekly_bulletins(week=MONDAY, channel=make_channel(), now=sunday_noon)

    assert "PHIÊN CHỢ VÀ CHUYẾN XE" not in Bulletin.objects.of_market().in_language("vi").get().text


def test_spoken_text_has_no_digits_or_symbols(seller) -> None:
    create_bulletins()

    spoken = Bulletin.objects.of_market().in_language("vi").get().spoken_text

    assert "Quýt của hợp tác xã Thiên An, ba mươi lăm nghìn đồng một ki-lô-gam." in spoken.splitlines()
    assert "Chủ nhật ngày hai mươi chín tháng mười một, từ sáu đến mười giờ" in spoken
    assert "số không hai không chín, không không không, không không không một" in spoken
    assert re.findall(r"[\d₫/()<>&]|http", spoken) == []
    assert Bulletin.objects.of_market().in_language("en").get().spoken_text == ""


def test_followers_get_bulletin_once_in_their_language_in_batches(seller) -> None:
    users = [make_user(email=f"n{number}@example.com") for number in range(5)]
    for user in users:
        follow(user, None, "en" if user == users[4] else "vi")
    follow(users[0], "thien-an", "vi")
    create_bulletins()
    market = Bulletin.objects.of_market().in_language("vi").get()

    has_more = [send_bulletin(bulletin_id=market.pk, now=NOW, batch=2) for _ in range(4)]

    assert has_more == [True, True, False, False]
    notifications = Notification.objects.order_by("pk")
    assert [notification.recipient for notification in notifications] == [
        f"n{number}@example.com" for number in range(4)
    ]
    first = Follow.objects.get(email="n0@example.com", cooperative=None)
    assert notifications[0].unsubscribe_url.endswith(f"/theo-doi/{first.token}/")
    assert market.text.strip() in notifications[0].text
    assert "- Quýt: http://127.0.0.1:8000/san-pham/quyt/" in notifications[0].text
    assert 'href="http://127.0.0.1:8000/san-pham/quyt/"' in notifications[0].html
    market.refresh_from_db()
    assert (market.sent_at, market.last_mailed_follower_id) == (
        NOW,
        Follow.objects.get(email="n3@example.com").pk,
    )
    seller_bulletin = Bulletin.objects.get(cooperative=seller, language="vi")
    send_bulletin(bulletin_id=seller_bulletin.pk, now=NOW)
    assert Notification.objects.latest("pk").recipient == "n0@example.com"


def test_unfollowed_addresses_and_past_weeks_get_no_mail(seller) -> None:
    ended = follow(make_user(email="a@example.com"), None, "vi")
    follow(make_user(email="b@example.com"), None, "vi")
    create_bulletins()
    unfollow(token=ended.token, actor=Actor.guest(), now=NOW)

    assert Bulletin.objects.unsent(MONDAY + datetime.timedelta(days=7)).count() == 0
    for row in Bulletin.objects.unsent(MONDAY):
        send_bulletin(bulletin_id=row.pk, now=NOW)

    assert list(Notification.objects.values_list("recipient", flat=True)) == ["b@example.com"]


def test_failed_mail_is_retried_within_its_week(seller, monkeypatch) -> None:
    hoa = follow(make_user(email="hoa@example.com"), None, "vi")
    follow(make_user(email="mai@example.com"), None, "vi")
    create_bulletins()
    bulletin = Bulletin.objects.of_market().in_language("vi").get()
    mail_bulletin = weekly_bulletin.notifications.mail_bulletin

    def fail_for_hoa(bulletin, follow, **fields) -> None:
        if follow.email == "hoa@example.com":
            raise ValueError("broken")
        mail_bulletin(bulletin, follow, **fields)

    monkeypatch.setattr(weekly_bulletin.notifications, "mail_bulletin", fail_for_hoa)
    send_bulletin(bulletin_id=bulletin.pk, now=NOW)
    monkeypatch.undo()
    assert mail_recipients() == ["mai@example.com"]
    failure = SweepFailure.objects.get()
    assert failure.row_key == f"{bulletin.pk}/{hoa.pk}"

    assert retry_mails(now=NOW) == 0  # the first retry is a minute later
    SweepFailure.objects.update(next_try_at=timezone.now())
    assert retry_mails(now=NOW) == 1

    assert mail_recipients() == ["hoa@example.com", "mai@example.com"]
    assert SweepFailure.objects.count() == 0


def test_failed_mail_of_past_week_is_dropped(seller) -> None:
    hoa = follow(make_user(email="hoa@example.com"), None, "vi")
    create_bulletins()
    bulletin = Bulletin.objects.of_market().in_language("vi").get()
    key = f"{bulletin.pk}/{hoa.pk}"
    record_sweep_failure("catalog.weekly_bulletin:mail", key, ValueError("broken"), now=NOW)
    SweepFailure.objects.update(next_try_at=timezone.now())

    retry_mails(now=NOW + datetime.timedelta(days=7))

    assert (mail_recipients(), SweepFailure.objects.count()) == ([], 0)


def test_bulletins_are_due_from_monday_morning_until_all_are_sent(seller) -> None:
    channel = make_channel()
    follow(make_user(email="a@example.com"), None, "vi")
    monday = datetime.datetime(2026, 11, 22, 23, 0, tzinfo=datetime.UTC)  # 6:00 in Vietnam

    assert create_due_bulletins(channel=channel, now=monday - datetime.timedelta(seconds=1)) == []
    unsent = create_due_bulletins(channel=channel, now=monday)
    for bulletin_id in unsent:
        send_bulletin_task(bulletin_id=bulletin_id)

    assert len(unsent) == Bulletin.objects.filter(week=MONDAY).count() == 4
    assert create_due_bulletins(channel=channel, now=monday + datetime.timedelta(days=6)) == []
    assert [notification.recipient for notification in Notification.objects.all()] == ["a@example.com"]


def test_bulletins_are_shown_and_downloadable(client: Client, seller) -> None:
    assert client.get("/ban-tin/").status_code == 200  # before any bulletin exists
    create_bulletins()
    market = Bulletin.objects.of_market().in_language("vi").get()

    page = html_of(client.get("/ban-tin/"))
    assert ">Đang mùa</h2>" in page
    assert "<li>Quýt: 35.000\u00a0₫ / kg, HTX Thiên An</li>" in page
    assert "ĐANG MÙA" not in page
    assert "ba mươi lăm nghìn đồng" in page
    assert "/ban-tin/2026-11-23/thien-an/" in page
    for path in ("/ban-tin/2026-11-23/", "/ban-tin/2026-11-23/thien-an/", "/en/ban-tin/2026-11-23/"):
        assert client.get(path).status_code == 200
    text_file = client.get("/ban-tin/2026-11-23/ban-tin.txt")
    assert text_file["Content-Disposition"] == 'attachment; filename="ban-tin-2026-11-23.txt"'
    assert text_file.content.decode("utf-8-sig").replace("\r\n", "\n") == market.text
    spoken_file = client.get("/ban-tin/2026-11-23/thien-an/doc-loa.txt")
    assert "ba mươi lăm nghìn đồng" in html_of(spoken_file)
    missing = ["2026-11-16", "khong-co", "2026-11-23/khong-co", "2026-13-45", "2026-W48", "20261123"]
    assert [client.get(f"/ban-tin/{path}/").status_code for path in missing] == [404] * 6


def test_bulletin_links_products_that_are_still_listed(client: Client, seller) -> None:
    create_bulletins()
    bulletin = Bulletin.objects.get(cooperative=seller, language="vi")
    mentioned = bulletin.mentions.order_by("sort_order").values_list("product__name", flat=True)
    assert list(mentioned) == ["Hồng", "Quýt", "Gối", "Lạp sườn"]
    Listing.objects.filter(product__name="Hồng").update(state=ListingState.WITHDRAWN)

    with CaptureQueriesContext(connection) as few_queries:
        page = html_of(client.get("/ban-tin/2026-11-23/thien-an/"))
    assert re.findall(r'<h3><a href="/san-pham/([\w-]+)/"', page) == ["quyt", "goi", "lap-suon"]

    Listing.objects.filter(product__name__in=["Quýt", "Gối"]).update(state=ListingState.WITHDRAWN)
    with CaptureQueriesContext(connection) as fewer_queries:
        client.get("/ban-tin/2026-11-23/thien-an/")
    assert len(few_queries) == len(fewer_queries)


def follow(user, slug: str | None, language: str) -> Follow:
    return request_follow(
        cooperative_slug=slug,
        email=user.email,
        user=user,
        language=language,
        actor=user.as_actor("market"),
        now=NOW,
    )
