import datetime
import re
from collections import Counter
from html import unescape
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urljoin, urlsplit

from django.core.management import call_command
from django.db.models import Sum
from django.test import TestCase, override_settings
from django.urls import resolve
from django.utils import timezone

from catalog.actions.listings.listing_states import find_missing_legal_fields
from catalog.models import Bulletin, Listing, Movement, Product, Stock, Variant, VariantMedia
from catalog.states import ListingState
from cooperatives.actions.application_checks import is_own_account
from cooperatives.models import Certificate, Cooperative, DeliveryMethod, MarketDay, MarketDayKind
from cooperatives.states import CooperativeState
from orders.actions.order_records.recalculate_order import recalculate_columns
from orders.actions.statements.cod_statements import import_cod_statement, preview_cod_statement
from orders.models import (
    Allocation,
    Approval,
    BankTransfer,
    CashRemittance,
    Complaint,
    LedgerEntry,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    PaymentEvent,
    Payout,
    Refund,
    ReviewReason,
    StatementRowProblem,
    WeightQuestion,
)
from orders.states import Coverage, StatementRowState, TransferState
from shop.accounts.models import User
from shop.core.dates.calendar import vietnam_date
from shop.core.models import (
    Change,
    Channel,
    Picture,
    PictureState,
    ShopSettings,
    Translation,
    record_change,
)
from shop.desk.overview.open_tasks import find_overdue_complaint_tasks
from shop.management.demo.bulk_orders import insert_finished_orders
from shop.management.demo.data_files import products
from shop.management.demo.illustrations.gallery import picture_names
from shop.management.demo.open_orders import write_statement
from shop.management.demo.order_plan import Planner
from shop.management.demo.past_orders import receive_planned_stock, run_planned_orders
from shop.management.demo.seed_market import (
    SEEDER,
    read_actors_by_cooperative,
    seed_market,
    seed_open_orders,
    seed_orders,
)
from shop.management.demo_state.accounts import ACCOUNTS
from shop.management.demo_state.progress import STOCK_RECEIVED, is_interrupted
from shop.notifications.models import Notification
from shop.reports.cash import CashAge, read_cash_by_holder
from tests.invariants import check_everything

NOW = datetime.datetime(2026, 11, 25, 3, 0, tzinfo=datetime.UTC)
HOURS_AGO = NOW - datetime.timedelta(hours=4)
DAY_AGO = NOW - datetime.timedelta(hours=24)


def figures_of_orders(orders):
    """Return items, times, amounts and progress of orders, without keys, which differ by database."""
    rows = orders.order_by("placed_at", "phone").values_list(
        *("placed_at", "buyer_name", "phone", "source", "province_code", "total_gross", "total_net"),
        *("current_total_gross", "charged", "list_gross", "status", "saleor_status", "charge_coverage"),
    )
    return list(rows)


def figures_of_rows(orders):
    """Return parts, lines, parcels, events and changes of orders as comparable figures."""
    order_keys = [str(key) for key in orders.values_list("pk", flat=True)]
    return {
        "parts": sorted(
            OrderPart.objects.filter(order__in=orders).values_list(
                *("number", "cooperative", "state", "progress", "accepted_at", "ended_at", "end_reason"),
                *("delivery_name", "pickup_place", "pickup_day", "expected_from", "expected_until"),
                *("goods_gross", "delivery_gross", "total_net", "commission", "accept_by"),
            ),
            key=str,
        ),
        "lines": sorted(
            OrderLine.objects.filter(order__in=orders).values_list(
                *("product_name", "variant_name", "translated_product_name", "quantity", "position"),
                *(
                    "unit_price",
                    "tax_rate",
                    "list_net",
                    "priced_gross",
                    "total_net",
                    "total_gross",
                    "commission",
                ),
            ),
            key=str,
        ),
        "parcels": sorted(
            Parcel.objects.filter(part__order__in=orders).values_list(
                *("number", "state", "warehouse", "carrier", "cod_state", "cod_expected", "cod_collected"),
                *("packed_at", "handed_over_at", "delivered_at", "lines__quantity", "lines__stock"),
            ),
            key=str,
        ),
        "events": sorted(
            PaymentEvent.objects.filter(payment__order__in=orders).values_list(
                "kind", "amount", "created_at", "actor_kind", "actor_key"
            ),
            key=str,
        ),
        "entries": sorted(
            LedgerEntry.objects.filter(posting__order__in=orders).values_list(
                *("account", "nature", "amount", "currency", "cooperative", "carrier", "settlement"),
                *("posting__kind", "posting__created_at", "posting__actor_kind", "posting__actor_key"),
            ),
            key=str,
        ),
        "changes": sorted(
            Change.objects.filter(root_key__in=order_keys).values_list(
                "action",
                "kind",
                "cooperative",
                "actor_kind",
                "actor_key",
                "entry_point",
                "reason",
                "created_at",
                "data",
            ),
            key=str,
        ),
    }


class DemoTests(TestCase):
    """The demo market, seeded once per class; its pictures wait for the worker."""

    @classmethod
    def setUpTestData(cls):
        cls.users = seed_market(now=NOW, has_renditions=False)

    def test_demo_is_a_complete_market(self) -> None:
        assert Product.objects.count() == 60
        assert Cooperative.objects.public().count() == 11
        assert Listing.objects.filter(state=ListingState.PUBLISHED).count() == 60
        assert Translation.objects.filter(kind="catalog.product", field="name", language="en").count() == 60
        assert Picture.objects.filter(state=PictureState.WAITING).count() == len(picture_names())
        assert set(MarketDay.objects.values_list("kind", flat=True)) == set(MarketDayKind)
        assert not [product.name for product in Product.objects.all() if find_missing_legal_fields(product)]

    def test_variants_cooperatives_and_certificates_show_their_pictures(self) -> None:
        seen = VariantMedia.objects.values_list("media__product__name", "media__picture")
        own = {row["name"]: sum("picture" in variant for variant in row["variants"]) for row in products()}

        assert Counter(name for name, _picture in seen) == Counter(own) - Counter()
        assert len({picture for _name, picture in seen}) == len(seen)
        assert min(product.media.count() for product in Product.objects.all()) == 2
        assert not Cooperative.objects.public().filter(portrait=None).exists()
        assert not Certificate.objects.filter(picture=None).exists()

    def test_every_account_can_sign_in(self) -> None:
        for account in ACCOUNTS:
            assert User.objects.get(email=account.email).check_password(account.password)

    def test_stock_is_the_sum_of_its_movements(self) -> None:
        sums = dict(Movement.objects.values_list("stock").annotate(total=Sum("quantity")))

        assert {stock.pk: stock.on_hand for stock in Stock.objects.all()} == {
            stock.pk: sums.get(stock.pk, 0) for stock in Stock.objects.all()
        }

    def test_some_cooperatives_do_not_deliver_to_the_south(self) -> None:
        delivery_methods = DeliveryMethod.objects.active_with_terms().filter(
            cooperative__slug="to-hop-tac-bep-khoi-ba-be"
        )
        channel = Channel.objects.get()

        assert any(
            delivery_method.serves(channel_id=channel.pk, province_code="01")
            for delivery_method in delivery_methods
        )
        assert not any(
            delivery_method.serves(channel_id=channel.pk, province_code="79")
            for delivery_method in delivery_methods
        )

    def test_seeding_twice_adds_nothing(self) -> None:
        before = (
            Product.objects.count(),
            Variant.objects.count(),
            Movement.objects.count(),
            Change.objects.count(),
        )

        seed_market(now=NOW + datetime.timedelta(days=1), has_renditions=False)

        assert before == (
            Product.objects.count(),
            Variant.objects.count(),
            Movement.objects.count(),
            Change.objects.count(),
        )
        assert Cooperative.objects.count() == 12
        assert User.objects.count() == len(ACCOUNTS)

    def test_equal_seeds_make_equal_histories(self) -> None:
        channel = Channel.objects.get()

        first = Planner(channel, seed=7, now=NOW).plan(80)
        same_seed = Planner(channel, seed=7, now=NOW).plan(80)
        other_seed = Planner(channel, seed=8, now=NOW).plan(80)

        assert first == same_seed
        assert first != other_seed
        assert len(first) == 80
        assert all(order.placed_at < NOW for order in first)

    def test_seeded_history_adds_up_and_leaves_stock_unchanged(self) -> None:
        before = dict(Stock.objects.values_list("pk", "on_hand"))

        assert seed_orders(16, seed=5, now=NOW) == 16

        assert Order.objects.placed().count() == 16
        assert OrderPart.objects.awaiting_acceptance().exists()
        for order in Order.objects.all():
            parts = order.parts.aggregate(total=Sum("total_gross"))["total"]
            lines = order.lines.aggregate(total=Sum("total_gross"))["total"]
            assert order.total_gross == parts == lines + order.delivery_gross
        promised = dict(Allocation.objects.values_list("stock").annotate(total=Sum("quantity")))
        for stock in Stock.objects.all():
            assert stock.on_hand - promised.get(stock.pk, 0) == stock.free
            assert stock.on_hand == before[stock.pk] + promised.get(stock.pk, 0)
        assert not Notification.objects.filter(sent_at=None).exists()

    def test_orders_are_not_seeded_over_others(self) -> None:
        seed_orders(3, seed=5, now=NOW)

        assert seed_orders(3, seed=6, now=NOW) == 0
        assert Order.objects.count() == 3

    def test_interrupted_history_is_continued_as_planned(self) -> None:
        channel, buyer = Channel.objects.get(), self.users[ACCOUNTS[0].email]
        planned = Planner(channel, seed=5, now=NOW).plan(6)
        before = dict(Stock.objects.values_list("pk", "on_hand"))
        receive_planned_stock(planned, actor=SEEDER, now=NOW - datetime.timedelta(days=200))
        record_change(STOCK_RECEIVED, channel, actor=SEEDER, now=NOW, data={"orders": 6, "seed": 5})
        run_planned_orders(planned[:4], channel, read_actors_by_cooperative(), buyer, now=NOW)
        assert is_interrupted()

        answered = seed_orders(40, seed=9, now=NOW + datetime.timedelta(days=1))

        assert answered == 6
        assert is_interrupted()
        placed = Order.objects.placed().order_by("placed_at").values_list("placed_at", flat=True)
        assert list(placed) == [order.placed_at for order in planned]
        promised = dict(Allocation.objects.values_list("stock").annotate(total=Sum("quantity")))
        assert dict(Stock.objects.values_list("pk", "on_hand")) == {
            pk: on_hand + promised.get(pk, 0) for pk, on_hand in before.items()
        }
        assert not Notification.objects.filter(sent_at=None).exists()

    def test_bulk_history_equals_the_one_made_by_actions(self) -> None:
        channel, buyer = Channel.objects.get(), self.users[ACCOUNTS[0].email]
        actors_by_cooperative = read_actors_by_cooperative()
        finished_orders = [order for order in Planner(channel, seed=11, now=NOW).plan(80) if order.is_over]
        called_off = [
            finished_order
            for finished_order in finished_orders
            if any(part.outcome.is_declined_or_cancelled for part in finished_order.parts)
        ]
        planned = sorted({*finished_orders[-8:], *called_off[-3:]}, key=lambda order: order.placed_at)
        receive_planned_stock(planned + planned, actor=SEEDER, now=NOW - datetime.timedelta(days=200))
        run_planned_orders(planned, channel, actors_by_cooperative, buyer, now=NOW)
        lived = Order.objects.filter(pk__in=list(Order.objects.values_list("pk", flat=True)))
        stock = dict(Stock.objects.values_list("pk", "on_hand"))

        insert_finished_orders(planned, channel, actors_by_cooperative, buyer, now=NOW)

        written = Order.objects.exclude(pk__in=lived)
        assert len(called_off) >= 3
        assert written.count() == len(planned)
        assert figures_of_orders(written) == figures_of_orders(lived)
        assert figures_of_rows(written) == figures_of_rows(lived)
        moved = {pk: on_hand - stock[pk] for pk, on_hand in Stock.objects.values_list("pk", "on_hand")}
        assert -sum(moved.values()) == sum(
            quantity
            for order in planned
            for part in order.parts
            if not part.outcome.is_declined_or_cancelled
            for _v, quantity in part.lines
        )
        active = figures_of_orders(written)
        for order in written:
            recalculate_columns(order)
        assert figures_of_orders(written) == active

    def test_command_lists_who_can_sign_in(self) -> None:
        out = StringIO()

        with override_settings(SERVER=False, OPEN_TO_NETWORK=False):
            call_command("seed_demo", orders=4, seed=2, later=True, stdout=out)

        assert Order.objects.count() == 4 + 2 + 6
        assert "doi-soat-cod-mau.csv" in out.getvalue()
        for account in ACCOUNTS:
            assert account.email in out.getvalue()
            assert account.password in out.getvalue()


class UnderWayTests(TestCase):
    """The demo market with its history and open orders, seeded once per class."""

    @classmethod
    def setUpTestData(cls):
        cls.users = seed_market(now=NOW, has_renditions=False)
        seed_orders(40, seed=1, now=NOW)
        seed_open_orders()

    def test_transfers_are_ready_to_be_tried(self) -> None:
        shop = ShopSettings.objects.get()
        assert (shop.bank_bin, shop.bank_account) == ("970405", "0000000000")
        settled = BankTransfer.objects.filter(state=TransferState.ASSIGNED)
        assert settled.exists()
        assert {row.order.charge_coverage for row in settled} == {Coverage.FULL}
        assert set(BankTransfer.objects.in_review().values_list("reason", flat=True)) == {
            ReviewReason.NO_ORDER_CODE,
            ReviewReason.TOO_LITTLE,
        }

    def test_bulletin_names_current_prices(self) -> None:
        own_bulletin = Bulletin.objects.get(cooperative__slug="htx-yen-duong", language="vi")

        assert "Bí xanh thơm: từ 24.300\u00a0₫" in own_bulletin.text

    def test_open_orders_are_seeded_once_and_add_up(self) -> None:
        first = Order.objects.count(), CashRemittance.objects.count()
        seed_open_orders()

        assert not is_interrupted()
        assert first == (48, CashRemittance.objects.count())
        assert Order.objects.count() == 48
        asked = WeightQuestion.objects.open().get()
        to_weigh = OrderLine.objects.filter(estimate_grams__gt=0, weighed_grams=None, part__state="accepted")
        buyer_orders = to_weigh.filter(order__user__email=ACCOUNTS[0].email, order__placed_at__gte=HOURS_AGO)
        assert set(buyer_orders.values_list("quantity", flat=True)) == {1, 2}
        assert asked.line in buyer_orders
        assert asked.grams > asked.line.bound_grams
        assert not Notification.objects.filter(sent_at=None, recipient=asked.line.order.phone).exists()
        check_everything()

    def test_newcomer_finds_orders_at_each_step(self) -> None:
        parts = OrderPart.objects.filter(
            cooperative__slug="htx-thien-an",
            order__user__email=ACCOUNTS[0].email,
            order__placed_at__gte=DAY_AGO,
        )

        to_weigh = [
            part for part in parts.with_unpicked_lines() if any(line.is_to_weigh for line in part.lines.all())
        ]
        assert [parts.awaiting_acceptance().count(), len(to_weigh)] == [2, 1]
        assert [parts.with_unpicked_lines().count(), parts.awaiting_handover().count()] == [3, 1]

    def test_admin_finds_tasks_of_each_kind(self) -> None:
        self.client.force_login(self.users[ACCOUNTS[-1].email])
        waiting = self.client.get("/quan-tri/").context["waiting"]
        counts = {row.kind: row.count for row in waiting}
        assert {kind: counts.get(kind) for kind in ("cooperative", "listing", "revision")} == {
            "cooperative": 2,
            "listing": 2,
            "revision": 1,
        }
        assert Approval.objects.waiting(NOW).count() == 1
        assert counts["complaint"] == find_overdue_complaint_tasks(timezone.now()).count
        assert find_overdue_complaint_tasks(NOW).count == 1
        assert Payout.objects.due().filter(refund__idempotency_key="demo-desk:to-pay").count() == 1
        first, second = Cooperative.objects.filter(state=CooperativeState.APPLIED).order_by("pk")
        assert (first.documents.count(), second.documents.count()) == (4, 2)
        assert [is_own_account(first), is_own_account(second)] == [True, False]

    def test_every_page_and_file_that_the_desk_links_to_opens(self) -> None:
        self.client.force_login(self.users[ACCOUNTS[-1].email])
        audit = f"/quan-tri/nhat-ky/?tu={NOW:%d/%m/%Y}"  # by default it shows the last 30 days
        waiting, opened = ["/quan-tri/", audit], set()

        while waiting:
            address = urlsplit(waiting.pop())
            page = resolve(address.path).view_name, *re.findall(r"format=(\w+)", address.query)
            if page in opened or page == ("desk:settlement-pdf",):  # slow, and tested by itself
                continue
            response = self.client.get(address.geturl())
            assert response.status_code in (200, 302), address.geturl()
            opened.add(page)
            if response.headers["Content-Type"].startswith("text/html"):
                links = re.findall(r'<a\s[^>]*?href="([^"#]+)', response.content.decode())
                addresses = [urljoin(address.path, unescape(link)) for link in links]
                waiting += [link for link in addresses if re.match("/quan-tri/(?!du-lieu/)", link)]

        files = {page for page in opened if len(page) == 2}
        assert files == {
            (name, file_format)
            for name in ("desk:cash", "desk:cash-parcels", "desk:ledger", "reports:report", "reports:sales")
            for file_format in ("csv", "xlsx")
        } | {("desk:audit", "csv")}
        assert {("desk:settlement-workbook",), ("desk:due-payouts",), ("desk:order",)} < opened
        assert len(opened) > 65

    def test_complaints_are_open_overdue_and_refunded(self) -> None:
        states = Complaint.objects.order_by("state").values_list("state", flat=True)
        assert list(states) == ["accepted", "open", "open"]
        assert Complaint.objects.overdue(NOW).count() == 1
        refund = Refund.objects.get(complaint__state="accepted")
        assert refund.repayment == refund.amount > 0
        assert [payout.state for payout in refund.payouts.all()] == ["paid"]
        assert not Notification.objects.filter(sent_at=None).exists()
        check_everything()

    def test_cash_is_outstanding_at_several_ages_and_some_is_reconciled(self) -> None:
        carriers, cooperatives = read_cash_by_holder(vietnam_date(NOW), "VND")
        ages = {age for debtor in carriers + cooperatives for age, amount in debtor.ages if amount}
        assert {CashAge.NEW, CashAge.OLD} < ages
        assert CashRemittance.objects.filter(reconciled_at__isnull=False).exists()

    def test_carrier_statement_is_ready_to_be_imported(self) -> None:
        with TemporaryDirectory() as folder:
            path = write_statement(Path(folder))
            content = path.read_bytes()

        user = self.users[ACCOUNTS[-1].email]
        statement = import_cod_statement(file_name=path.name, content=content, carrier="", user=user, now=NOW)
        matched_rows = preview_cod_statement(statement)
        assert matched_rows[0].problem == StatementRowProblem.SHORT
        assert matched_rows[-1].problem == StatementRowProblem.UNKNOWN
        assert {matched_row.state for matched_row in matched_rows[1:-1]} == {StatementRowState.WAITING}
        assert {matched_row.stated.fee for matched_row in matched_rows} == {5_000}
