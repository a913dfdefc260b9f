"""A small market with products, baskets, orders and applications at every stage.

Made once for all pages to be visited; no test changes it.
"""

from __future__ import annotations

import datetime
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlsafe_base64_encode

from catalog.actions.listings.promotions import PromotionTerms, create_promotion
from catalog.actions.marketing.back_in_stock import request_back_in_stock
from catalog.actions.marketing.weekly_bulletin import create_weekly_bulletins
from catalog.actions.marketing.wish_list import add_to_wish_list
from catalog.actions.search_terms.known_words import recount_known_words
from catalog.actions.search_terms.synonyms import save_synonyms
from catalog.actions.sellers.certificates import CertificateDetails, return_certificate, submit_certificate
from catalog.actions.stock.lots import LotDetails, add_lot_stage, receive_lot
from catalog.actions.stock.stock_movements import record_movement, refresh_availability
from catalog.market_week import monday_of
from catalog.models import (
    BackInStockRequest,
    Listing,
    MovementReason,
    Price,
    Product,
    ProductMedia,
    Promotion,
    Stock,
    Variant,
)
from catalog.states import ListingState
from catalog.trace_codes import trace_code
from cooperatives.actions.cooperative_lifecycle import pause_cooperative
from cooperatives.actions.followers import confirm_follow, request_follow
from cooperatives.actions.profile import HouseholdDetails, add_household
from cooperatives.models import Certificate, CertificateKind, Cooperative, Follow, Role
from cooperatives.states import CooperativeState
from orders.actions.bank_transfers.receive_transfers import record_transfer
from orders.actions.bank_transfers.transfer_review import (
    assign_transfer,
    confirm_transfer_returned,
    dismiss_transfer,
    return_transfer,
)
from orders.actions.basket.basket_lines import set_basket_province
from orders.actions.cash_on_delivery.cash_collection import CollectedCash
from orders.actions.complaints.file_complaint import submit_complaint
from orders.actions.fulfilment.cancel_parts import cancel_order, cancel_part_as_buyer, decline_part
from orders.actions.fulfilment.deliver_parcels import (
    DispatchDetails,
    deliver_parcel,
    fail_delivery,
    hand_over_parcel,
)
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.recalls import start_recall
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.gateway.send_gateway_calls import record_gateway_result
from orders.actions.payouts.bank_accounts import BankAccount
from orders.actions.payouts.proposals import PROPOSAL_LIFETIME, payout_values
from orders.actions.placement.draft_orders import create_draft, edit_draft
from orders.actions.quotes.quote_types import RequestedLine
from orders.actions.refunds.refund_decisions import LineRefund, RefundDecision, decide_refund
from orders.actions.settlement.close_settlement import close_settlement, correct_balance
from orders.actions.statements.bank_statements import apply_bank_statement, import_bank_statement
from orders.actions.vouchers.issue_vouchers import VoucherTerms, issue_voucher
from orders.actions.vouchers.redeem_vouchers import apply_voucher_code
from orders.models import (
    Approval,
    ApprovalKind,
    BankTransfer,
    Basket,
    CostBearer,
    GatewayCall,
    InvoiceDetails,
    Order,
    OrderPart,
    OrderSource,
    Parcel,
    PaymentEvent,
    PaymentMethod,
    Payout,
    RecallNotice,
    Settlement,
    StatementImport,
    Voucher,
    VoucherType,
    WithholdingRate,
)
from orders.payments.gateway import GatewayOutcome, GatewayResult
from shop.accounts.models import Address, User
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.session_presence import SESSION_KEY as SIGNED_IN_AT
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.geography.divisions import load_divisions
from shop.management.demo.product_pictures import store_pictures
from shop.members.fulfilment.worklist import Stage
from shop.notifications.models import ContactMethod
from shop.reports.declared.catalogue import ALL_REPORTS, REPORTS_BY_SLUG
from shop.views import PAGES
from tests.factories import (
    HANOI,
    make_admin,
    make_bank_account,
    make_basket,
    make_category,
    make_channel,
    make_commission_rate,
    make_contact,
    make_cooperative,
    make_delivery_method,
    make_market_pickup,
    make_member,
    make_order,
    make_product,
    make_product_type,
    make_seller,
    make_staff,
    make_user,
    make_variant_sold_by_weight,
    send_document,
)
from tests.journeys.account_pages import (
    ACCOUNT_PAGES,
    account_sessions,
    data_pages,
    lasting_proof_time,
    save_session,
)
from tests.journeys.counter_pages import CounterPages
from tests.journeys.customer_pages import customer_paths
from tests.journeys.delivery_run_pages import run_visits
from tests.journeys.people_and_catalogue import PeopleAndCatalogue, invitation_visits, staff_visits
from tests.journeys.received_order_pages import ReceivedOrderPages
from tests.journeys.scale_and_cash import ScaleAndCash, desk_paths, member_paths
from tests.journeys.shared_phone_pages import SharedPhonePages
from tests.orders.bank_transfers.transfer_helpers import make_incoming_transfer

DRAWINGS = (
    *("goi-nam-hoa-van-do", "bi-xanh", "mien-dong", "quyt", "nep", "mat-ong", "che-mot-tom"),
    *("gung", "lap-suon", "cai-meo", "hop-qua-thien-an", "tui-xach", "trung", "chuoi-say"),
)
GUEST = "guest"
PROVEN = "guest who has shown that the orders are theirs"


@dataclass(frozen=True)
class Visit:
    """A URL, who opens it, and the expected status; with `sent`, a posted form and its response page."""

    path: str
    visitor: str = GUEST
    status: int = 200
    sent: dict[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.path} ({self.visitor}{', sent' if self.sent is not None else ''})"


@dataclass
class World:
    """The session and further cookies of each kind of visitor, and the visits of each interface."""

    sessions: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    interfaces: dict[str, list[Visit]] = field(default_factory=dict)

    def cookies_of(self, visitor: str) -> dict[str, str]:
        session_key = self.sessions.get(visitor)
        session = {settings.SESSION_COOKIE_NAME: session_key} if session_key else {}
        return session | self.cookies.get(visitor, {})

    @property
    def visits(self) -> list[Visit]:
        return [visit for interface in self.interfaces.values() for visit in interface]


def make_world() -> World:
    """Create two sellers with products, a paused one, applications, and orders at every stage."""
    load_divisions()
    market = _Market()
    world = World(market.sessions(), market.shared_phone.cookies())
    world.interfaces = {
        "market": _market_visits(market),
        "orders": _order_visits(market),
        "members": _member_visits(market),
        "desk": _desk_visits(market),
    }
    return world


class _Market:
    """The rows of the market, made in chronological order."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.channel = make_channel()
        make_product_type()
        self.thien_an, self.yen_duong = self._sellers()
        self.resting = make_seller("HTX Nghỉ Mùa", slug="nghi-mua", summary="Nghỉ đến sau mùa gặt.")
        self.category = make_category("Thổ cẩm và nếp")
        make_category("Gối", parent=self.category)
        self.products = self._products()
        self.pillow = self.products[0]
        self.variant = self.pillow.variants.in_order()[0]
        self.gourd = self.products[1].variants.get()
        self._applications()
        self.buyer = make_user(email="hoa@example.com", first_name="Hoa", phone="+84987654321")
        add_to_wish_list(
            user_id=self.buyer.pk, product_ids=[product.pk for product in self.products[:2]], now=self.now
        )
        self.address = Address.objects.create(
            user=self.buyer,
            first_name="Hoa",
            phone="+84987654321",
            street_address_1="Số 5",
            province_code=HANOI,
        )
        self.manager = make_member(self.thien_an, email="thienan@example.com", first_name="Nhất")
        self.packer = make_member(self.thien_an, Role.PACKER, first_name="Nhì")
        self.admin = make_admin(first_name="Ba")
        self.orders = self._orders()
        self.unpaid_orders = self._unpaid_orders()
        self.bank_statements = self._bank_statements()
        self.draft = self._draft()
        self.settlement, self.payout = self._settlement()
        self.vouchers, self.promotions = self._discounts()
        self.synonym_set = save_synonyms(set_id=None, words=["lạc", "đậu phộng"], **self.context)
        recount_known_words()
        self.valid_basket, self.invalid_basket = self._baskets()
        self.weighed = ScaleAndCash(self.thien_an, self.buyer, self.admin, now=self.now)
        self.follows = self._followers()
        self.certificates = self._household_and_certificates()
        self.back_in_stock_request = self._back_in_stock_request()
        self.shared_phone = SharedPhonePages(self.thien_an)
        self.counter = CounterPages(self.thien_an, self.manager, self.now)
        self.received_order = ReceivedOrderPages(self.thien_an, self.now)
        self.people = PeopleAndCatalogue(
            cooperative=self.thien_an,
            other=self.yen_duong,
            manager=self.manager,
            product=self.products[3],
            now=self.now,
        )

    def sessions(self) -> dict[str, str]:
        """Return a session key for each kind of visitor; a guest's session holds at most a basket."""
        return {
            GUEST: "",
            "guest with a basket": save_session(basket=str(self.valid_basket.pk)),
            "guest to mend": save_session(basket=str(self.invalid_basket.pk)),
            "guest with gourds": save_session(basket=str(self.weighed.basket.pk)),
            PROVEN: save_session(
                proven_orders={str(order.pk): time.time() + 36_000 for order in self.orders.values()}
            ),
            "guest who registers": save_session(
                registration={"email": "moi@example.com", "at": time.time() + 36_000}, application={}
            ),
            "guest on a new device": save_session(device_code={"at": time.time() + 36_000}),
            "new at the phone": _signed_in(self.shared_phone.newcomer),
            "buyer": _signed_in(self.buyer),
            "newcomer": _signed_in(make_user(first_name="Tư")),
            "manager": _signed_in(self.manager),
            "packer": _signed_in(self.packer),
            "manager of two": _signed_in(self.people.manager_of_two),
            "applicant": _signed_in(self.applicant),
            "asked for more": _signed_in(self.needs_more_applicant),
            "turned down": _signed_in(self.rejected_applicant),
            "admin": _signed_in(self.admin),
            **account_sessions(self.buyer),
        }

    def part(self, stage: str) -> OrderPart:
        return self.orders[stage].parts.order_by("number")[0]

    def parcel(self, stage: str) -> Parcel:
        return Parcel.objects.filter(part__order=self.orders[stage]).order_by("pk")[0]

    def listing(self, state: ListingState) -> Listing:
        row: Listing = Listing.objects.filter(product__cooperative=self.thien_an, state=state)[0]
        return row

    def _sellers(self) -> tuple[Cooperative, Cooperative]:
        first = make_seller(
            "HTX Thiên An",
            slug="thien-an",
            hamlet="Thôn Nà Ít",
            province_code="19",
            province_name="Thái Nguyên",
            story="Phụ nữ Dao ở Nà Ít thêu từ nhỏ.\n\nGối nhồi lá thuốc hái trên rừng.",
            cover=store_pictures(["noi-thien-an"], has_renditions=True)["noi-thien-an"],
        )
        second = make_seller("HTX Yến Dương", slug="yen-duong", summary="Bí xanh thơm, gạo nếp.")
        make_market_pickup(first, self.channel, capacity=20)
        make_delivery_method(second, self.channel, name="Gửi xe khách", fee=20_000, provinces=("19",))
        return first, second

    def _products(self) -> list[Product]:
        """Return products for two list pages; the first one has variants, a certificate and pictures."""
        pictures = store_pictures(DRAWINGS, has_renditions=True)
        pillow = make_product(
            self.thien_an,
            name="Gối thảo dược thổ cẩm",
            category=self.category,
            on_hand=40,
            variants=(("Gối cổ", 0), ("Gối nằm", 80_000)),
        )
        pillow.certificates.add(self._certificate())
        products = [pillow, make_product(self.yen_duong, name="Bí xanh thơm", price=15_000, on_hand=80)]
        products += [
            make_product(
                self.thien_an if number % 2 else self.yen_duong,
                name=f"Gạo nếp Khẩu Nua Lếch loại {number}",
                category=self.category,
                price=45_000 + number,
                unit="packet",
                content_grams=500,
                on_hand=number % 4,
            )
            for number in range(26)
        ]
        for number, product in enumerate(products[:-3]):
            ProductMedia.objects.create(product=product, picture=pictures[DRAWINGS[number % len(DRAWINGS)]])
        for state in ListingState:
            make_product(self.thien_an, name=f"Túi thổ cẩm {state.label}", state=state)
        make_product(self.resting, name="Cốm nếp", category=self.category)
        return products

    def _certificate(self) -> Certificate:
        return Certificate.objects.create(
            cooperative=self.thien_an,
            kind=CertificateKind.OCOP,
            stars=4,
            number="12/QĐ",
            issuer="UBND tỉnh",
            expires_on=vietnam_date(self.now) + datetime.timedelta(days=90),
        )

    def _applications(self) -> None:
        members = []
        for state in (CooperativeState.APPLIED, CooperativeState.NEEDS_MORE, CooperativeState.REJECTED):
            cooperative = make_cooperative(
                f"HTX {state.label}", state=state, state_reason="Ảnh giấy chứng nhận bị mờ."
            )
            members.append(make_member(cooperative))
        make_cooperative("HTX đang bị ngừng", state=CooperativeState.SUSPENDED, state_reason="Giấy hết hạn.")
        self.applicant, self.needs_more_applicant, self.rejected_applicant = members
        applied = Cooperative.objects.get(memberships__user=self.applicant)
        self.document = send_document(applied, files=(b"%PDF-1.7 giay",), user=self.applicant)

    def _orders(self) -> dict[str, Order]:
        """Return one order for each stage, by its name."""
        steps: dict[str, Callable[[OrderPart], object]] = {
            "new": lambda part: None,
            "accepted": lambda part: self._advance_part(part, "accept"),
            "packing": lambda part: self._advance_part(part, "pack"),
            "packed": lambda part: self._advance_part(part, "close"),
            "handed over": lambda part: self._advance_part(part, "hand over"),
            "delivered": lambda part: deliver_parcel(
                parcel_id=self._advance_part(part, "hand over").pk, is_cash_collected=True, **self.context
            ),
            "failed": lambda part: fail_delivery(
                parcel_id=self._advance_part(part, "hand over").pk, reason="Không ai ở nhà", **self.context
            ),
            "voided": lambda part: void_parcel(
                parcel_id=self._advance_part(part, "close").pk, reason="Vỡ hộp", **self.context
            ),
            "paid short": self._collect_short,
            "complained": self._submit_complaint,
            "given back": self._start_return,
            "declined": lambda part: decline_part(part_id=part.pk, reason="Hết hàng rồi", **self.context),
            "cancelled": lambda part: cancel_part_as_buyer(part_id=part.pk, reason="Đổi ý", **self.context),
        }
        orders = {}
        for name, step in steps.items():
            requested = ((self.variant, 2), (self.gourd, 3))
            options = {"note": "Gọi trước khi giao.", "invoice": _company()}
            orders[name] = make_order(*requested, user=self.buyer, now=self.now, **options)
            step(orders[name].parts.get(cooperative=self.thien_an))
        return orders

    def _collect_short(self, part: OrderPart) -> None:
        """Deliver a parcel whose buyer still owes some of the cash."""
        parcel = self._advance_part(part, "hand over")
        cash = CollectedCash(parcel.cod_expected - 20_000, "Khách thiếu tiền lẻ")
        deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, cash=cash, **self.context)

    def _submit_complaint(self, part: OrderPart) -> None:
        """Submit a complaint with a photo; it is not answered."""
        parcel = self._advance_part(part, "hand over")
        deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, **self.context)
        self.complaint = submit_complaint(
            part_id=part.pk,
            quantities={part.lines.all()[0].pk: 1},
            text="Một chiếc bị rách đường may.",
            pictures=[store_pictures(["goi-nam-hoa-van-do"], has_renditions=True)["goi-nam-hoa-van-do"]],
            **self.context,
        )

    def _start_return(self, part: OrderPart) -> None:
        """Start a return in transit, with a refund that waits for a bank account."""
        parcel = self._advance_part(part, "hand over")
        deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, **self.context)
        lines = {part.lines.all()[0].pk: LineRefund(100_000, returned=1)}
        decision = RefundDecision(CostBearer.COOPERATIVE, "Rách đường may", lines, is_received=False)
        refund = decide_refund(order_id=part.order_id, part_id=part.pk, decision=decision, **self.context)
        self.returned = refund.parcel

    def _unpaid_orders(self) -> dict[str, Order]:
        """Return orders waiting for a transfer: unpaid, partly paid, with another amount, and expired."""
        make_bank_account()
        orders = {
            name: make_order((self.variant, 1), method=PaymentMethod.TRANSFER, user=self.buyer, now=self.now)
            for name in ("nothing", "part", "another sum", "late")
        }
        for name in ("part", "another sum"):
            order = orders[name]
            transfer = self._receive_transfer(order.code, order.current_total_gross - 10_000)
            if name == "part":
                assign_transfer(transfer_id=transfer.pk, amounts={order.pk: 50_000}, **self.context)
        orders["late"].payments.update(expires_at=self.now)
        self.transfers = self._transfers(orders["nothing"])
        return orders | self._card_orders()

    def _card_orders(self) -> dict[str, Order]:
        """Return orders paid by card on our page or Stripe's: begun, declined, waiting, refused, held.

        No call is made: Stripe's results are recorded as if there had been one.
        """
        results = {
            "card": GatewayResult(GatewayOutcome.NEEDS_BUYER, reference="pi_1"),
            "card declined": GatewayResult(
                GatewayOutcome.NEEDS_BUYER, reference="pi_2", code="insufficient_funds"
            ),
            "card waits": GatewayResult(GatewayOutcome.PENDING, reference="pi_3"),
            "card refused": GatewayResult(
                GatewayOutcome.FAILED, code="amount_too_large", message="Số tiền quá lớn."
            ),
            "card held": GatewayResult(GatewayOutcome.SUCCEEDED, reference="pi_4", authorised=160_000),
        }
        orders, weighed = {}, make_variant_sold_by_weight(self.thien_an, name="Bí đao đá")
        with override_settings(STRIPE_SECRET_KEY="sk_test_world"):
            for name, response in results.items():
                requested = (weighed if name == "card held" else self.variant, 2)
                orders[name] = make_order(requested, method=PaymentMethod.CARD, user=self.buyer, now=self.now)
                gateway_call = GatewayCall.objects.get(payment__order=orders[name])
                record_gateway_result(call_id=gateway_call.pk, result=response, now=self.now)
        GatewayCall.objects.filter(reference="pi_2").update(
            request_parameters={"is_authorisation_only": False, "is_hosted": True}
        )
        cancelled_order = cancel_order(
            order_id=orders["card held"].pk, reason="Mưa to, không hái được", **self.context
        )
        release = GatewayCall.objects.get(payment__order=cancelled_order, operation="void")
        record_gateway_result(
            call_id=release.pk, result=GatewayResult(GatewayOutcome.FAILED, code="odd"), now=self.now
        )
        PaymentEvent.objects.create(
            payment=cancelled_order.payments.get(),
            kind="charge_back",
            currency=cancelled_order.currency,
            reference="du_1",
            message="fraudulent",
            created_at=self.now,
        )
        return orders

    def _transfers(self, order: Order) -> dict[str, BankTransfer]:
        """Return one transfer in each final state, and those in the review queue."""
        account = BankAccount("970405", "0099887766", "NGUYEN THI HOA")
        transfers = {
            name: self._receive_transfer(note, amount)
            for name, note, amount in [
                ("in doubt", f"ck {order.code[:-1]}", order.current_total_gross),
                ("several", f"{order.code} {self.orders['new'].code}", 50_000),
                ("given back", "CHUYEN NHAM", 70_000),
                ("sent back", "CHUYEN NHAM NUA", 80_000),
                ("set aside", "LAI TIEN GUI", 1_234),
            ]
        }
        for name in ("given back", "sent back"):
            return_transfer(
                transfer_id=transfers[name].pk, account=account, reason="Chuyển nhầm", **self.context
            )
        confirm_transfer_returned(transfer_id=transfers["sent back"].pk, reference="FT1", **self.context)
        dismiss_transfer(transfer_id=transfers["set aside"].pk, reason="Lãi", **self.context)
        return transfers

    def _bank_statements(self) -> list[StatementImport]:
        """Return bank statements: in preview, of another account, imported; each with a bad row."""
        account_line, bad_row = "Số tài khoản: 0011223344556", ";FT9;x;hong"
        row = f"{vietnam_date(self.now):%d/%m/%Y};FT{{}};5000;cam on"
        statements = []
        for number, first_line in enumerate((account_line, "Số tài khoản: 9988776655", account_line)):
            rows = "\n".join([first_line, "Ngày;Số tham chiếu;Ghi có;Nội dung", row.format(number), bad_row])
            statements.append(
                import_bank_statement(
                    file_name=f"sao-ke-{number}.csv", content=rows.encode(), user=self.admin, now=self.now
                )
            )
        apply_bank_statement(statement_id=statements[-1].pk, **self.context)
        return statements

    def _receive_transfer(self, note: str, amount: int) -> BankTransfer:
        arrival = make_incoming_transfer(note, amount, booked_at=self.now)
        with transaction.atomic(durable=True):
            return record_transfer(arrival, **self.context).transfer

    @property
    def context(self) -> dict[str, Any]:
        return {"actor": Actor.system(), "now": self.now}

    def _advance_part(self, part: OrderPart, last_step: str) -> Any:
        """Advance a part step by step and return its parcel."""
        accept_part(part_id=part.pk, **self.context)
        if last_step == "accept":
            return None
        parcel = pack_parcel(
            part_id=part.pk, quantities={line.pk: line.quantity for line in part.lines.all()}, **self.context
        )
        if last_step in ("close", "hand over"):
            close_parcel(parcel_id=parcel.pk, **self.context)
        if last_step == "hand over":
            dispatch_details = DispatchDetails(carrier="Viettel Post", tracking_number="VTP0123")
            hand_over_parcel(parcel_id=parcel.pk, dispatch=dispatch_details, **self.context)
        return parcel

    def _draft(self) -> Order:
        draft = create_draft(channel=self.channel, source=OrderSource.PHONE, **self.context)
        lines = [RequestedLine(uuid.uuid4(), self.variant.pk, 2)]
        edit_draft(order_id=draft.pk, lines=lines, deliveries={}, contact=make_contact(), **self.context)
        return draft

    def _settlement(self) -> tuple[Settlement, Payout]:
        """Return a closed period to be paid, an open one, and rates of all kinds."""
        make_commission_rate(5)
        make_commission_rate(8, self.thien_an, self.category)
        make_commission_rate(3, valid_until=datetime.date(2026, 2, 1))
        WithholdingRate.objects.create(name="GTGT", percent=1, valid_from=datetime.date(2026, 1, 1))
        open_settlement = Settlement.objects.open().get(cooperative=self.thien_an)
        close_settlement(settlement_id=open_settlement.pk, **self.context)
        correct_balance(
            cooperative_id=self.thien_an.pk,
            currency="VND",
            amount=20_000,
            reason="Thưởng",
            idempotency_key="1",
            **self.context,
        )
        payout = Payout.objects.get(settlement=open_settlement)
        Approval.objects.create(
            kind=ApprovalKind.PAYOUT,
            payout=payout,
            proposed_values=payout_values(payout),
            basis=payout_values(payout),
            proposed_by=make_staff(Permission.HANDLE_PAYMENTS, first_name="Lụa"),
            proposed_at=self.now,
            expires_at=timezone.now() + PROPOSAL_LIFETIME,
        )
        Approval.objects.create(
            kind=ApprovalKind.COOPERATIVE_ACCOUNT,
            cooperative=self.thien_an,
            proposed_values={"bank_bin": "970405", "account": "8888000022", "holder": "HTX THIEN AN"},
            basis={"bank_bin": "", "account": "", "holder": ""},
            proposed_by=make_member(self.thien_an),
            proposed_at=self.now,
            expires_at=timezone.now() + PROPOSAL_LIFETIME,
        )
        return Settlement.objects.get(pk=open_settlement.pk), payout

    def _discounts(self) -> tuple[list[Voucher], list[Promotion]]:
        """Return a voucher and a promotion of the platform, and those of a cooperative."""
        voucher_terms = [
            VoucherTerms("Chào khách mới", 10, self.now, minimum_spent=1_000),
            VoucherTerms("Bớt tiền giao", 50, self.now, type=VoucherType.SHIPPING, usage_limit=9),
        ]
        promotion_terms = [
            PromotionTerms("Cuối vụ", self.now, amount=1_000),
            PromotionTerms("Mùa sau", self.now + datetime.timedelta(days=9), percent=Decimal(20)),
        ]
        owners = (None, self.thien_an)
        vouchers = [
            issue_voucher(
                channel=self.channel, code=f"PHIEN{number}", terms=terms, issuer=owner, **self.context
            )
            for number, (terms, owner) in enumerate(zip(voucher_terms, owners, strict=True))
        ]
        return vouchers, [
            create_promotion(channel=self.channel, terms=terms, acting_cooperative=owner, **self.context)
            for terms, owner in zip(promotion_terms, owners, strict=True)
        ]

    def _followers(self) -> list[Follow]:
        """Return an unconfirmed and a confirmed follower, and this week's bulletins."""
        create_weekly_bulletins(week=monday_of(vietnam_date(self.now)), channel=self.channel, now=self.now)
        options = {"user": None, "language": "vi", **self.context}
        rows = [
            request_follow(cooperative_slug=slug, email="lan@example.com", **options)
            for slug in (None, "thien-an")
        ]
        buyer_options = options | {"user": self.buyer}
        request_follow(cooperative_slug="thien-an", email=self.buyer.email, **buyer_options)
        return [rows[0], confirm_follow(token=rows[1].token, **self.context)]

    def _household_and_certificates(self) -> list[Certificate]:
        """Return a household, a certificate in review and a returned one."""
        household = HouseholdDetails("Hộ bà Triệu", "khăn thêu", "Nà Ít", has_consent=True)
        self.household = add_household(cooperative=self.thien_an, details=household, **self.context)
        photo = store_pictures(["goi-nam-hoa-van-do"], has_renditions=True)["goi-nam-hoa-van-do"]
        issued = vietnam_date(self.now) - datetime.timedelta(days=9)
        papers = [
            submit_certificate(
                cooperative=self.thien_an,
                details=CertificateDetails(
                    CertificateKind.OCOP, number, "UBND tỉnh", issued, stars=3, picture=photo
                ),
                **self.context,
            )
            for number in ("31/QĐ", "32/QĐ")
        ]
        return_certificate(certificate_id=papers[1].pk, reason="Ảnh bị mờ", **self.context)
        return papers

    def _back_in_stock_request(self) -> BackInStockRequest:
        """Return a product out of season, and a back-in-stock request for it."""
        ripe = make_product(self.thien_an, name="Mơ vàng", category=self.category)
        month = vietnam_date(self.now).month % 12 + 1
        Product.objects.filter(pk=ripe.pk).update(season=1 << month % 12)
        self.out_of_season = ripe
        return request_back_in_stock(
            product_slug=ripe.slug,
            variant_id=None,
            contact_method=ContactMethod.SMS,
            contact="+84987654321",
            user=self.buyer,
            language="vi",
            channel=self.channel,
            **self.context,
        )

    def _baskets(self) -> tuple[Basket, Basket]:
        """Return a basket that can be ordered, and one with every possible problem."""
        valid_basket = make_basket((self.variant, 2), (self.gourd, 3), now=self.now)
        set_basket_province(basket_id=valid_basket.pk, province_code=HANOI, now=self.now)
        apply_voucher_code(basket_id=valid_basket.pk, code="phien0", now=self.now)
        buyer_basket = make_basket((self.variant, 1), (self.gourd, 2), user=self.buyer, now=self.now)
        set_basket_province(basket_id=buyer_basket.pk, province_code=HANOI, now=self.now)
        sold_out, dearer, withdrawn = (
            make_product(self.thien_an, name=name, on_hand=5).variants.get()
            for name in ("Hồng không hạt", "Măng khô", "Lạp sườn")
        )
        paused_variant = Variant.objects.get(product__cooperative=self.resting)
        basket_items = [(sold_out, 5), (dearer, 1), (withdrawn, 1), (paused_variant, 1), (self.gourd, 1)]
        invalid_basket = make_basket(*basket_items, now=self.now)
        set_basket_province(basket_id=invalid_basket.pk, province_code=HANOI, now=self.now)
        self._invalidate_basket_lines(sold_out, dearer, withdrawn)
        return valid_basket, invalid_basket

    def _invalidate_basket_lines(self, sold_out: Variant, dearer: Variant, withdrawn: Variant) -> None:
        with transaction.atomic():
            record_movement(
                Stock.objects.get(variant=sold_out), -3, reason=MovementReason.LOSS, **self.context
            )
            refresh_availability(variant_ids={sold_out.pk})
        Price.objects.filter(variant=dearer).update(amount=350_000)
        Listing.objects.filter(product=withdrawn.product_id).update(state=ListingState.PAUSED)
        today = vietnam_date(self.now)
        until = today + datetime.timedelta(days=40)
        pause_cooperative(
            cooperative_id=self.resting.pk, until=until, note="Nghỉ gặt", today=today, **self.context
        )


def _market_visits(market: _Market) -> list[Visit]:
    return [
        Visit("/"),
        Visit("/offline/"),
        *(Visit(f"/trang/{slug}/") for slug in PAGES),
        Visit("/san-pham/"),
        Visit("/san-pham/?page=2&xep=gia"),
        Visit(f"/san-pham/?giao=on&tinh={HANOI}&ocop=on&htx=thien-an"),
        *(Visit(f"/san-pham/{product.slug}/") for product in market.products[:3]),
        Visit(f"/san-pham/{market.weighed.gourd.product.slug}/"),
        Visit(f"/san-pham/{market.weighed.gourd.product.slug}/?tinh={HANOI}&quantity=3"),
        Visit(f"/san-pham/{Product.objects.get(cooperative=market.resting).slug}/"),
        Visit(f"/danh-muc/{market.category.slug}/"),
        Visit("/hop-tac-xa/"),
        Visit("/hop-tac-xa/thien-an/"),
        Visit("/hop-tac-xa/nghi-mua/"),
        Visit("/tim/?q=goi+thao+duoc"),
        Visit("/tim/?q=khong+co+gi"),
        Visit("/tim/?q=goi+thoa+duoc"),
        Visit("/tim/?q=goi&ban=kg&sao=5&tu=1"),
        Visit("/tim/"),
        Visit("/yeu-thich/"),
        Visit("/yeu-thich/", "buyer"),
        *(Visit(path) for path in _season_paths(market)),
        Visit(f"/san-pham/{market.out_of_season.slug}/bao-lai/", sent={"contact": "1"}),
        Visit("/hop-tac-xa/thien-an/theo-doi/", sent={"email": "lan"}),
        Visit("/khong-co/", status=404),
        Visit("/san-pham/khong-co/", status=404),
    ]


def _company() -> InvoiceDetails:
    return InvoiceDetails(
        company="Công ty Tre Xanh", tax_code="0101248141", address="12 Tràng Thi", email="ke-toan@example.com"
    )


def _season_paths(market: _Market) -> list[str]:
    """Return harvests, provinces, OCOP stars, bulletins, paused products, followers and requests."""
    week = monday_of(vietnam_date(market.now)).isoformat()
    paused = market.listing(ListingState.PAUSED).product
    return [
        *("/mua-vu/", "/mua-vu/?thang=0", "/mua-vu/?thang=0&noi=thai-nguyen", "/vung/", "/vung/thai-nguyen/"),
        *("/ocop/", "/ocop/?sao=5", "/ban-tin/", f"/ban-tin/{week}/", f"/ban-tin/{week}/thien-an/"),
        *(f"/san-pham/{product.slug}/" for product in (market.out_of_season, paused)),
        f"/san-pham/{market.out_of_season.slug}/bao-lai/",
        *(f"/theo-doi/{row.token}/" for row in market.follows),
        *("/theo-doi/", "/theo-doi/khong-co/", "/hop-tac-xa/thien-an/theo-doi/"),
        *(f"/bao-lai/{token}/" for token in (market.back_in_stock_request.token, "khong-co")),
    ]


def _order_visits(market: _Market) -> list[Visit]:
    """Return pages from the basket to delivery, and of accounts."""
    password = reverse(
        "accounts:set-password",
        args=[urlsafe_base64_encode(str(market.buyer.pk).encode()), _token(market.buyer)],
    )
    invalid_checkout = {"name": "", "phone": "", "basket": str(market.valid_basket.pk), "province": HANOI}
    return [
        Visit("/gio-hang/"),
        Visit("/gio-hang/", "guest with a basket"),
        Visit("/gio-hang/", "guest to mend"),
        Visit("/gio-hang/ma-uu-dai/", "buyer", sent={"code": "SAI"}),
        Visit("/gio-hang/", "guest with gourds"),
        Visit("/dat-hang/", "guest with gourds"),
        Visit("/dat-hang/", "guest with a basket"),
        Visit("/dat-hang/", "guest with a basket", sent=invalid_checkout),
        Visit(
            "/dat-hang/",
            "guest with a basket",
            sent={**invalid_checkout, "reload": "1", "old_address": "Dịch Vọng"},
        ),
        Visit(
            "/dat-hang/", "guest to mend", sent={**invalid_checkout, "basket": str(market.invalid_basket.pk)}
        ),
        Visit("/dat-hang/", "guest with a basket", sent={**invalid_checkout, "invoice": "on"}),
        Visit("/dat-hang/", "buyer"),
        *(Visit(f"/tai-khoan/dia-chi/{page}", "buyer") for page in ("", "moi/", f"{market.address.pk}/")),
        Visit("/tai-khoan/dia-chi/moi/", "buyer", sent={"name": ""}),
        Visit("/tai-khoan/dia-chi/moi/", "buyer", sent={"reload": "1", "old_address": "Dịch Vọng, Hà Nội"}),
        Visit("/tai-khoan/dia-chi/", "newcomer"),
        *(Visit(f"/don-hang/{order.pk}/") for order in market.orders.values()),
        *(Visit(f"/don-hang/{order.pk}/") for order in market.unpaid_orders.values()),
        *(Visit(f"/don-hang/{order.pk}/") for order in market.weighed.orders.values()),
        *(
            Visit(f"/don-hang/{market.orders[stage].pk}/goi/1/phan-anh/", PROVEN)
            for stage in ("new", "delivered", "complained")
        ),
        Visit(f"/don-hang/{market.orders['delivered'].pk}/goi/1/phan-anh/", PROVEN, sent={"message": ""}),
        Visit(f"/don-hang/{market.complaint.part.order_id}/phan-anh/{market.complaint.pk}/bo-sung/", PROVEN),
        Visit(f"/don-hang/{market.orders['new'].pk}/huy/", PROVEN),
        Visit(f"/don-hang/{market.orders['new'].pk}/?tratruoc=1"),
        Visit(f"/don-hang/{market.orders['given back'].pk}/tai-khoan-nhan-tien/", PROVEN),
        Visit(f"/don-hang/{market.orders['given back'].pk}/tai-khoan-nhan-tien/", PROVEN, sent={"bank": ""}),
        Visit(f"/don-hang/{market.orders['given back'].pk}/ma/"),
        Visit(f"/don-hang/{market.orders['new'].pk}/tai-khoan-nhan-tien/", PROVEN),
        Visit("/don-hang/"),
        Visit("/don-hang/", sent={"phone": "0987654321", "code": "T0000"}),
        Visit("/tai-khoan/", "buyer"),
        Visit("/theo-doi/cua-toi/", "buyer"),
        Visit("/tai-khoan/", "newcomer"),
        Visit("/tai-khoan/thong-tin/", "buyer"),
        Visit("/tai-khoan/thong-tin/", "buyer", sent={"name": "", "phone": "1"}),
        Visit("/tai-khoan/dang-nhap/"),
        Visit("/tai-khoan/dang-nhap/", sent={"name": "hoa@example.com", "password": "x"}),
        Visit("/tai-khoan/dang-nhap/thiet-bi/", "guest on a new device"),
        Visit("/tai-khoan/dang-nhap/thiet-bi/", "guest on a new device", sent={"code": "1"}),
        Visit("/tai-khoan/dang-ky/ma/", "guest who registers"),
        Visit("/tai-khoan/dang-ky/ma/", "guest who registers", sent={"code": "1"}),
        Visit("/tai-khoan/dang-ky/"),
        Visit("/tai-khoan/dang-ky/", sent={"email": "hoa"}),
        Visit("/tai-khoan/mat-khau/"),
        Visit("/tai-khoan/mat-khau/", sent={"email": "hoa@example.com"}),
        Visit("/tai-khoan/mat-khau/a/b/", status=404),
        Visit(password),
        *(Visit(path, visitor, sent=sent) for path, visitor, sent in ACCOUNT_PAGES),
        *(Visit(path, visitor) for path, visitor in data_pages(market.buyer)),
        Visit("/tai-khoan/thong-tin/thu-dien-tu/a/", "buyer", status=404),
        Visit("/quan-tri/du-lieu-ca-nhan/thoi-han/", "admin", 422, sent={"data_access_days": "x"}),
    ]


def _discount_pages(prefix: str, voucher: Voucher, promotion: Promotion) -> list[str]:
    pages = ("", "?xem=gia", "ma/moi/", "gia/moi/", f"ma/{voucher.pk}/", f"gia/{promotion.pk}/")
    return [f"{prefix}uu-dai/{page}" for page in pages]


def _lot_visits(market: _Market) -> list[Visit]:
    """Return visits of the lots' pages, and of one lot's page with errors."""
    today = vietnam_date(market.now)
    lot = receive_lot(
        cooperative=market.thien_an,
        variant_id=market.variant.pk,
        warehouse_id=Stock.objects.filter(variant=market.variant).order_by("pk")[0].warehouse_id,
        quantity=3,
        details=LotDetails(harvested_on=today, expires_on=today, producer_id=market.household.pk),
        **market.context,
    )
    add_lot_stage(
        cooperative=market.thien_an,
        lot_id=lot.pk,
        title="Thêu xong",
        happened_at=market.now,
        **market.context,
    )
    page = f"/xa-vien/lo/{lot.pk}/"
    warehouse_id = lot.balances.get().stock.warehouse_id
    recalled = receive_lot(
        cooperative=market.thien_an,
        variant_id=market.variant.pk,
        warehouse_id=warehouse_id,
        quantity=1,
        details=LotDetails(),
        **market.context,
    )
    texts = {"reason": "Kim gãy còn trong vải", "advice": "Đừng dùng, giữ lại và gọi cho hợp tác xã"}
    start_recall(lot_id=recalled.pk, **texts, **market.context)
    notice = RecallNotice.objects.create(
        recall=recalled.recalls.get(), order=market.part("new").order, created_at=market.now
    )
    return [
        *(Visit(path, "manager") for path in ("/xa-vien/lo/", "/xa-vien/lo/?het=1", page, f"{page}tem/")),
        Visit(f"/xa-vien/hang/{market.variant.product.listings.get().pk}/ma-qr/", "manager"),
        Visit(f"/truy-xuat/{trace_code(market.variant)}/"),
        Visit("/xa-vien/lo/moi/", "manager"),
        Visit("/xa-vien/lo/moi/", "manager", sent={"quantity": "x"}),
        *(Visit(path) for path in ("/truy-xuat/", f"/truy-xuat/{lot.code}/")),
        Visit("/truy-xuat/LAAAAAAAA/", status=404),
        Visit(f"{page}nhap-xuat/", "manager", sent={"warehouse": str(warehouse_id), "quantity": "x"}),
        Visit(f"{page}chang/", "manager", sent={"title": "", "happened_at": "x"}),
        Visit(f"{page}thu-hoi/", "manager"),
        Visit(f"{page}thu-hoi/", "manager", sent={"reason": ""}),
        Visit(f"/xa-vien/lo/{recalled.pk}/thu-hoi/", "manager"),
        Visit(f"/truy-xuat/{recalled.code}/"),
        Visit(f"/thu-hoi/{notice.pk}/"),
        Visit("/quan-tri/thu-hoi/?ma=LAAAAAAAA", "admin"),
        Visit(f"/quan-tri/thu-hoi/lo/{lot.pk}/", "admin"),
        Visit(f"/quan-tri/thu-hoi/lo/{recalled.pk}/", "admin"),
    ]


def _member_visits(market: _Market) -> list[Visit]:
    draft = market.listing(ListingState.DRAFT)
    listing, refusal = (f"/xa-vien/hang/{draft.pk}/", f"/xa-vien/goi/{market.part('new').pk}/tu-choi/")
    parcels = [
        (stage, f"/xa-vien/kien/{market.parcel(stage).pk}/")
        for stage in ("packing", "packed", "handed over", "failed", "delivered")
    ]
    run_parcels = [market.parcel(stage) for stage in ("packed", "handed over", "failed", "delivered")]
    delivery_method = f"/xa-vien/cach-giao/{market.thien_an.delivery_methods.get(kind='market_day').pk}/"
    money = "/xa-vien/quyet-toan/"
    paths = [
        *(money, f"{money}{market.settlement.pk}/", f"{money}{market.settlement.pk}/ban-in/"),
        "/xa-vien/tai-khoan-ngan-hang/",
        "/xa-vien/bao-cao/",
        *(f"/xa-vien/bao-cao/{report.slug}/" for report in ALL_REPORTS if report.member_right),
        *("/xa-vien/phan-anh/", f"/xa-vien/phan-anh/{market.complaint.pk}/"),
        *("/xa-vien/", "/xa-vien/hang/", "/xa-vien/hang/?tin=draft", "/xa-vien/hang/moi/", "/xa-vien/kho/"),
        "/xa-vien/kho/kiem-ke/",
        *_discount_pages("/xa-vien/", market.vouchers[1], market.promotions[1]),
        *(
            "/xa-vien/tam-nghi/",
            "/xa-vien/thanh-vien/",
            "/xa-vien/cach-giao/",
            f"{listing}mo-ta/",
            f"{listing}loai/",
            refusal,
        ),
        f"{listing}loai/{draft.product.variants.get().pk}/",
        *(f"{delivery_method}{page}" for page in ("", "gia/", "ngay-nhan/")),
        *("/xa-vien/nha-kho/", f"/xa-vien/nha-kho/{market.thien_an.warehouses.all()[0].pk}/"),
        *("/xa-vien/thanh-vien/vai-tro/", "/xa-vien/nhat-ky/"),
        *("/xa-vien/bao-tin/", "/xa-vien/bao-tin/may/", "/xa-vien/bao-tin/cach-bao/"),
        *("/xa-vien/gian-hang/", "/xa-vien/gian-hang/ho/", "/xa-vien/gian-hang/giay/"),
        *(f"{listing}loi/en/", "/xa-vien/loi/en/"),
        f"/xa-vien/gian-hang/ho/{market.household.pk}/",
        f"/xa-vien/gian-hang/ho/{market.household.pk}/anh/",
        *("/xa-vien/gian-hang/anh/noi/", "/xa-vien/gian-hang/anh/nguoi/"),
        *customer_paths(market.thien_an),
        *("/xa-vien/goi/lay-hang/", "/xa-vien/goi/dong/", "/xa-vien/kien/tem/"),
        *(f"/xa-vien/gian-hang/giay/{row.pk}/" for row in market.certificates),
        *(f"/xa-vien/goi/?{urlencode({'viec': stage})}" for stage in Stage),
        *(f"/xa-vien/goi/{market.part(stage).pk}/" for stage in market.orders),
        *(f"/xa-vien/hang/{market.listing(state).pk}/" for state in ListingState),
        *(f"{path}tem/" for stage, path in parcels if stage in ("packed", "handed over")),
        *(f"{path}huy/" for stage, path in parcels if stage in ("packing", "packed")),
        *(f"{path}ra-xe/" for stage, path in parcels if stage in ("packed", "failed")),
        *(f"{path}da-giao/" for stage, path in parcels if stage == "handed over"),
        *(f"{path}chua-giao-duoc/" for stage, path in parcels if stage == "handed over"),
    ]
    return [
        *(Visit(path, "manager") for path in [*paths, *member_paths(market.weighed)]),
        *(Visit(*page) for page in invitation_visits(market.people, market.part("accepted"))),
        *(Visit(*page) for page in run_visits(market.thien_an, run_parcels, timezone.now())),
        *(Visit(*page) for page in market.shared_phone.visits()),
        *(Visit(*page) for page in market.counter.visits()),
        *(Visit(*page) for page in market.received_order.visits()),
        *_lot_visits(market),
        Visit("/xa-vien/hang/moi/", "manager", sent={"name": ""}),
        Visit("/xa-vien/gian-hang/giay/", "manager", sent={"number": ""}),
        Visit("/xa-vien/gian-hang/ho/", "manager", sent={"name": ""}),
        Visit(
            "/xa-vien/tai-khoan-ngan-hang/",
            "manager",
            sent={"bank_account": "1", "bank_account_confirmation": "2"},
        ),
        Visit(money, "packer", status=403),
        Visit(f"/xa-vien/phan-anh/{market.complaint.pk}/", "packer"),
        Visit(f"{listing}mo-ta/", "manager", sent={"name": ""}),
        Visit(refusal, "manager", sent={"choice": ""}),
        *(Visit("/xa-vien/tam-nghi/", "manager", sent=sent) for sent in ({"until": "1.1.1"}, {"until": ""})),
        Visit("/xa-vien/uu-dai/ma/moi/", "manager", sent={"value": "101", "value_type": "percentage"}),
        Visit("/xa-vien/uu-dai/gia/moi/", "manager", sent={"name": ""}),
        Visit(f"{delivery_method}gia/", "manager", sent={"else-rows": "1", "else-0-price": "x"}),
        Visit(f"{delivery_method}ngay-nhan/", "manager", sent={"times": "1", "time-0-starts": "x"}),
        Visit("/xa-vien/nha-kho/", "manager", sent={"name": ""}),
        Visit("/xa-vien/khach/moi/", "manager", sent={"name": "", "phone": "0987"}),
        Visit("/xa-vien/", "packer"),
        Visit("/xa-vien/hang/moi/", "packer", status=403),
        Visit("/xa-vien/goi/999999/", "manager", status=404),
        Visit("/xa-vien/offline/"),
        Visit("/xa-vien/dang-ky/"),
        Visit("/xa-vien/dang-ky/", sent={"name": "HTX", "phone": "1"}),
        Visit("/xa-vien/dang-ky/", "newcomer"),
        Visit("/xa-vien/dang-ky/ma/", "guest who registers"),
        Visit("/xa-vien/dang-ky/ma/", "guest who registers", sent={"code": "1"}),
        Visit("/xa-vien/ho-so/giay/registration/", "applicant", sent={}),
        *(Visit("/xa-vien/ho-so/", visitor) for visitor in ("applicant", "asked for more", "turned down")),
    ]


def _desk_visits(market: _Market) -> list[Visit]:
    draft = f"/quan-tri/don-nhap/{market.draft.pk}/"
    returned_order = f"/quan-tri/don-hang/{market.orders['given back'].pk}/"
    sales = "/quan-tri/bao-cao/ban-hang/"
    applied = Cooperative.objects.filter(state=CooperativeState.APPLIED)[0]
    settlement, payout = (
        f"/quan-tri/quyet-toan/{market.settlement.pk}/",
        f"/quan-tri/chi-tien/{market.payout.pk}/",
    )
    open_settlement = Settlement.objects.open().get(cooperative=market.thien_an)
    paths = [
        *("/quan-tri/quyet-toan/", "/quan-tri/quyet-toan/?xem=chot", "/quan-tri/quyet-toan/?xem=xong"),
        "/quan-tri/quyet-toan/chot/",
        *(settlement, f"{settlement}ban-in/", f"/quan-tri/quyet-toan/{open_settlement.pk}/"),
        *("/quan-tri/chi-tien/", "/quan-tri/chi-tien/?xem=xong", payout),
        *("/quan-tri/the/", "/quan-tri/the/?xem=hong", "/quan-tri/the/?xem=tat-ca"),
        *("/quan-tri/so-cai/", "/quan-tri/so-cai/?account=bank", "/quan-tri/hoa-hong/"),
        *("/quan-tri/", "/quan-tri/hop-tac-xa/", "/quan-tri/hop-tac-xa/?q=khong+co", "/quan-tri/hang/"),
        "/quan-tri/giay-chung-nhan/",
        f"/quan-tri/hang/{market.listing(ListingState.DRAFT).pk}/loi/en/",
        f"/quan-tri/hop-tac-xa/{market.thien_an.pk}/loi/en/",
        *("/quan-tri/hang/?state=draft", "/quan-tri/don-hang/", "/quan-tri/don-hang/?q=hoa"),
        *_discount_pages("/quan-tri/", market.vouchers[0], market.promotions[0]),
        *("/quan-tri/cai-dat/", "/quan-tri/sao-ke/", "/quan-tri/viec-nen/"),
        "/quan-tri/cho-nguoi-thu-hai/",
        *("/quan-tri/tu-dong-nghia/", f"/quan-tri/tu-dong-nghia/{market.synonym_set.pk}/"),
        *(f"/quan-tri/sao-ke/{statement.pk}/" for statement in market.bank_statements),
        *("/quan-tri/chuyen-khoan/", "/quan-tri/chuyen-khoan/tat-ca/", "/quan-tri/chuyen-khoan/tat-ca/?q=x"),
        *(f"/quan-tri/chuyen-khoan/{transfer.pk}/" for transfer in market.transfers.values()),
        *("/quan-tri/don-nhap/", draft, f"{draft}?q=gao", "/quan-tri/bao-cao/", sales),
        *(f"/quan-tri/bao-cao/{slug}/" for slug in REPORTS_BY_SLUG),
        *(f"{sales}?nhom={group}" for group in ("cooperative", "category", "product", "province", "source")),
        *(
            f"/quan-tri/hop-tac-xa/{cooperative.pk}/"
            for cooperative in Cooperative.objects.filter(is_platform_seller=False)
        ),
        *(f"/quan-tri/hang/{market.listing(state).pk}/" for state in ListingState),
        *(
            f"/quan-tri/don-hang/{market.orders[stage].pk}/"
            for stage in ("new", "failed", "voided", "declined", "given back")
        ),
        *("/quan-tri/phan-anh/", "/quan-tri/phan-anh/?o=rejected"),
        f"/quan-tri/phan-anh/{market.complaint.pk}/",
        *(
            f"{returned_order}hoan-tien/",
            f"{returned_order}hoan-tien/?goi=1",
            f"{returned_order}kien/{market.returned.pk}/hang-ve/",
        ),
        f"/quan-tri/don-hang/{market.orders['new'].pk}/nguoi-nhan/",
    ]
    return [
        *(Visit(path, "admin") for path in [*paths, *desk_paths(market.weighed)]),
        *(Visit(*page) for page in staff_visits(market.people, market.buyer, market.category)),
        Visit(f"{sales}?tu=khong-phai-ngay", "admin", status=422),
        Visit("/quan-tri/so-cai/?tu=khong-phai-ngay", "admin"),
        Visit("/quan-tri/hoa-hong/", "admin", 422, sent={"percent": "nhiều"}),
        Visit(f"{settlement}dieu-chinh/", "admin", 422, sent={"amount": "x"}),
        Visit(f"{payout}da-chi/", "admin", 422, sent={"reference": ""}),
        Visit("/quan-tri/don-hang/?day=khong-phai-ngay", "admin"),
        Visit("/quan-tri/cai-dat/tai-khoan/", "admin", 422, sent={"bank": "970405"}),
        Visit("/quan-tri/hai-buoc/", "admin"),
        Visit("/quan-tri/khach-hang/khong-tai-khoan/", "admin"),
        Visit("/quan-tri/cai-dat/thoi-han/", "admin", 422, sent={"complaint_days": "x"}),
        Visit("/quan-tri/sao-ke/", "admin", 422, sent={"file": ""}),
        Visit(f"/quan-tri/chuyen-khoan/{market.transfers['in doubt'].pk}/tra-lai/", "admin", 422, sent={}),
        Visit(f"/quan-tri/hop-tac-xa/{applied.pk}/tra-loi/", "admin", 422, sent={"answer": "?"}),
        Visit(f"/quan-tri/hop-tac-xa/{applied.pk}/giay/{market.document.pk}/", "admin"),
        Visit(draft, "admin", 422, sent={"phone": "1", "lines-TOTAL_FORMS": "x"}),
        Visit("/quan-tri/hop-tac-xa/999999/", "admin", status=404),
    ]


def request_page(world: World, visit: Visit, prefix: str = "") -> Any:
    """Return the response to a visit or to its posted form, as a browser would get it."""
    client = Client()
    for name, value in world.cookies_of(visit.visitor).items():
        client.cookies[name] = value
    if visit.sent is None:
        return client.get(prefix + visit.path)
    return client.post(prefix + visit.path, visit.sent)


def _signed_in(user: User) -> str:
    client = Client()
    client.force_login(user)
    session = client.session
    session[SIGNED_IN_AT] = lasting_proof_time()
    session.save()
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _token(user: User) -> str:
    return default_token_generator.make_token(user)
