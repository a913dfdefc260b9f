"""Create the tasks that wait for the demo's admin: applications, products, changes, a complaint, a refund."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.core.files.base import ContentFile

from catalog.actions.listings.listing_states import submit_listing
from catalog.actions.products.draft_products import create_draft_product
from catalog.actions.products.product_details import NewProduct, ProductDetails, VariantDetails, to_editorjs
from catalog.actions.products.save_products import update_product
from catalog.models import Product, ProductRevision
from catalog.states import ListingState
from cooperatives.actions.application_documents import required_kinds, submit_document
from cooperatives.actions.cooperative_lifecycle import ApplicationDetails, apply_to_sell
from cooperatives.models import Cooperative, DocumentKind
from orders.actions.approvals.decide_proposals import change_second_person_rules
from orders.actions.complaints.file_complaint import find_delivered_lines, submit_complaint
from orders.actions.payouts.bank_accounts import BankAccount, change_cooperative_account
from orders.actions.payouts.refund_execution import set_refund_account
from orders.actions.refunds.refund_decisions import LineRefund, RefundDecision, decide_refund
from orders.models import Approval, Complaint, CostBearer, OrderPart, Refund, RequestedRemedy
from orders.states import ParcelState, Progress
from shop.accounts.models import User
from shop.core.actors import Actor, EntryPoint
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel, Division, shop_settings
from shop.management.demo.data_files import TomlTable, desk_tasks
from shop.management.demo.open_orders import WALKTHROUGH_SELLER
from shop.management.demo_state.accounts import ACCOUNTS, COLLEAGUE
from shop.notifications.models import Notification

_HOUR, _DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
_COMPLAINT_KEY, _REFUND_KEY = "demo-desk:overdue", "demo-desk:to-pay"
_BUYER_ACCOUNT = BankAccount("970436", "0099887755", "NGUOI MUA MAU")


def create_desk_tasks(channel: Channel, members: Mapping[int, Actor], *, now: datetime.datetime) -> None:
    """Create one or two of each task that waits for staff, unless they exist."""
    seller = Cooperative.objects.get(slug=WALKTHROUGH_SELLER)
    _create_applications(now=now)
    _submit_products(seller, channel, members[seller.pk], now=now)
    _propose_texts(seller, members[seller.pk], now=now - 2 * _HOUR)
    _propose_account(now=now - 3 * _HOUR)
    _file_overdue_complaint(now=now)
    _decide_refund(now=now)
    Notification.objects.filter(sent_at=None, created_at__lte=now).update(sent_at=now)


def _create_applications(*, now: datetime.datetime) -> None:
    """Make two applications.

    One is complete. The other lacks the last documents and names somebody else's bank account.
    """
    for position, row in enumerate(desk_tasks()["application"]):
        if User.objects.filter(email=row["email"]).exists():
            continue
        applied_at = now - (2 - position) * _DAY
        user = User.objects.create_user(email=row["email"], password=None, first_name=row["representative"])
        actor = user.as_actor(EntryPoint.MEMBERS)
        details = _build_application_details(row, now)
        cooperative = apply_to_sell(user=user, details=details, actor=actor, now=applied_at)
        for kind in required_kinds(cooperative)[: row["documents"]]:
            submit_document(
                cooperative=cooperative,
                kind=kind,
                files=[ContentFile(_sample_document(kind))],
                user=user,
                actor=actor,
                now=applied_at,
            )


def _build_application_details(row: TomlTable, now: datetime.datetime) -> ApplicationDetails:
    communes = Division.objects.current(day=vietnam_date(now)).select_related("parent")
    commune = communes.get(code=row["commune"])
    province = commune.parent or commune
    columns = (
        *("name", "legal_name", "registration_number", "registration_issuer", "representative", "phone"),
        *("email", "hamlet", "tax_code", "bank_bin", "bank_account", "bank_holder", "summary", "story"),
    )
    return ApplicationDetails(
        **{column: row[column] for column in columns},
        is_food_producer=True,
        province_code=province.code,
        province_name=province.name,
        commune_code=commune.code,
        commune_name=commune.full_name,
    )


def _sample_document(kind: DocumentKind) -> bytes:
    """Return a PDF page that says that it is a sample, in letters that every PDF reader has."""
    text = f"BAN MAU / SAMPLE: {kind.value.upper()}"
    content = f"BT /F1 20 Tf 60 760 Td ({text}) Tj ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    document, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(document))
        document += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(document)}\n%%EOF\n"
    return f"{document}xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()


def _submit_products(seller: Cooperative, channel: Channel, member: Actor, *, now: datetime.datetime) -> None:
    """Submit new products for review, each with the pictures and the category of a similar one on sale."""
    for position, proposed in enumerate(desk_tasks()["proposed_product"]):
        similar = Product.objects.select_related("product_type", "category").get(
            cooperative=seller, name=proposed["similar"]
        )
        if Product.objects.filter(cooperative=seller, name=proposed["name"]).exists():
            continue
        submitted_at = now - (position + 5) * _HOUR
        details = ProductDetails(
            name=proposed["name"],
            description=proposed["about"],
            origin=similar.origin,
            ingredients=proposed.get("ingredients", ""),
            shelf_life=proposed.get("shelf_life", ""),
            storage=similar.storage,
        )
        variant = VariantDetails(
            price=proposed["price"],
            name=proposed["variant"],
            unit=proposed["unit"],
            weight=proposed["weight"],
        )
        product = create_draft_product(
            cooperative=seller,
            channel=channel,
            new_product=NewProduct(
                product_type=similar.product_type,
                category=similar.category,
                details=details,
                variants=[(variant, proposed["stock"])],
                pictures=[media.picture for media in similar.media.select_related("picture")[:2]],
            ),
            actor=member,
            now=submitted_at,
        )
        listing = product.listings.get()
        if listing.state == ListingState.DRAFT:
            submit_listing(cooperative=seller, listing_id=listing.pk, actor=member, now=submitted_at)


def _propose_texts(seller: Cooperative, member: Actor, *, now: datetime.datetime) -> None:
    product = Product.objects.get(cooperative=seller, name=desk_tasks()["revision"]["product"])
    if ProductRevision.objects.filter(product=product).exists():
        return
    text = f"{product.description_text}\n\n{desk_tasks()['revision']['sentence']}"
    values = {"description": to_editorjs(text), "description_text": text}
    update_product(product_id=product.pk, cooperative=seller, values=values, actor=member, now=now)


def _propose_account(*, now: datetime.datetime) -> None:
    """Let the admin's colleague change a cooperative's account, which a second person has to confirm."""
    if Approval.objects.exists():
        return
    admin, colleague = (User.objects.get(email=email) for email in (ACCOUNTS[-1].email, COLLEAGUE.email))
    if not shop_settings().needs_second_person_for_account_changes:
        change_second_person_rules(
            is_needed_for_payouts=False,
            is_needed_for_account_changes=True,
            actor=admin.as_actor(EntryPoint.DESK),
            now=now,
        )
    seller = Cooperative.objects.exclude(slug=WALKTHROUGH_SELLER).public().order_by("sort_order", "pk")[0]
    change_cooperative_account(
        cooperative_id=seller.pk,
        account=BankAccount(seller.bank_bin, "0000009999", "TAI KHOAN MAU"),
        actor=colleague.as_actor(EntryPoint.DESK),
        now=now,
    )


def _find_delivered_part(*, before: datetime.datetime) -> OrderPart | None:
    """Return the last part to arrive before that time, paid in cash and without complaint or refund."""
    parts = OrderPart.objects.filter(
        progress=Progress.DELIVERED,
        parcels__state=ParcelState.DELIVERED,
        parcels__cod_collected__gt=0,
        parcels__delivered_at__lte=before,
        complaints=None,
        refunds=None,
    )
    return parts.select_related("cooperative", "order").order_by("-parcels__delivered_at", "pk").first()


def _file_overdue_complaint(*, now: datetime.datetime) -> None:
    filed_at = now - (shop_settings().answer_complaints_days + 1) * _DAY
    part = _find_delivered_part(before=filed_at)
    if part is None or Complaint.objects.filter(idempotency_key=_COMPLAINT_KEY).exists():
        return
    line = next((line for line in find_delivered_lines(part) if line.is_in_time(filed_at)), None)
    if line is not None:
        submit_complaint(
            part_id=part.pk,
            quantities={line.line.pk: 1},
            text=desk_tasks()["complaint"]["text"],
            requested_remedy=RequestedRemedy.MONEY,
            idempotency_key=_COMPLAINT_KEY,
            actor=Actor.guest(),
            now=filed_at,
        )


def _decide_refund(*, now: datetime.datetime) -> None:
    """Decide a refund by bank transfer, which waits to be paid."""
    decided_at = now - 2 * _DAY
    part = _find_delivered_part(before=decided_at)
    if part is None or Refund.objects.filter(idempotency_key=_REFUND_KEY).exists():
        return
    line = part.lines.order_by("position", "pk")[0]
    amount = max(1_000, line.total_gross // line.quantity // 2 // 1_000 * 1_000)
    reason = desk_tasks()["refund"]["reason"]
    decision = RefundDecision(CostBearer.COOPERATIVE, reason, {line.pk: LineRefund(amount)})
    colleague = User.objects.get(email=COLLEAGUE.email).as_actor(EntryPoint.DESK)
    decide_refund(
        order_id=part.order_id,
        decision=decision,
        part_id=part.pk,
        idempotency_key=_REFUND_KEY,
        actor=colleague,
        now=decided_at,
    )
    set_refund_account(
        order_id=part.order_id, account=_BUYER_ACCOUNT, actor=Actor.guest(), now=decided_at + _HOUR
    )
