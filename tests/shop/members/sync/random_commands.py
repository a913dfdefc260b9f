"""Random commands of phones of one cooperative, and what holds for their answers afterwards."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.apps import apps
from django.utils import timezone

from catalog.models import Category, ProductType, Stock, Variant
from cooperatives.models import Cooperative
from orders.actions.fulfilment.delivery_runs import (
    EmptyRun,
    RunNotReopenable,
    create_run,
    end_run,
    parcels_awaiting_run,
    reopen_run,
)
from orders.actions.fulfilment.phone_codes import LABEL_LENGTH, LABEL_LETTERS, MEMBER_STEPS, PhoneCode
from orders.models import DeliveryRun, HandoverCode, OrderPart, Parcel, RunParcel
from orders.states import ParcelState
from shop.core.actors import Actor
from shop.core.web.rate_limits import RateLimit
from shop.members.sync import views
from shop.members.sync.models import CommandOutcome, PhoneCommand
from tests.factories import (
    make_category,
    make_channel,
    make_order,
    make_product_type,
    make_variant,
    make_variant_sold_by_weight,
    make_warehouse,
)

Row = dict[str, Any]

PACKING = [
    "accept_part",
    "weigh_line",
    "pack",
    "hand_over",
    "deliver",
    "cash",
    "fail",
    "substitute",
    "shortage",
]
COUNTING = ["receive_stock", "write_off_stock", "count_stock", "transfer_stock"]
LOTS = ["receive_lot", "count_lot", "write_off_lot", "lot_stage", "lot_photo"]
LISTING = ["price", "pause", "season", "photo", "move_photo", "remove_photo", "listing"]
# Steps of one parcel follow each other only by chance, so these come more often.
COMMANDS = [
    *PACKING * 2,
    "cancel",
    "offer_code",
    "receive_by_code",
    "run",
    *COUNTING,
    *LOTS,
    *LISTING,
]
# Their actions take no key. Price and season compare with what the phone showed, and a code has one row.
WITHOUT_KEY = {"change_price", "offer_handover"}
# A photo may be at its place already, or removed.
MAY_CHANGE_NOTHING = {"move_product_photo", "remove_product_photo"}
# What another phone has to send first may never come.
WAITING_FOR_OTHERS = ("offer_handover", "receive_parcel")
# Add commands to the app's outbox, as its buttons do.
ADD_COMMANDS = """async (commands) => (await import("member/store")).addCommands(commands)"""


class RandomPhone(Protocol):
    """A phone that may be given commands."""

    chance: random.Random
    member_id: int

    def read_rows(self) -> dict[tuple[str, int], Row]:
        """Return the rows on the phone by kind and id."""

    def keep_photo(self) -> str:
        """Keep a photo for a command and return its key."""

    def give(self, name: str, chain: str, subject: Row, /, **payload: Any) -> str:
        """Add a command that builds on the last unfinished one of its chain; return its key."""


@dataclass
class Market:
    """What the phones work on, and which parcels each packed without a network."""

    seller: Cooperative
    parts: list[OrderPart]
    variants: list[Variant]
    far_warehouse_id: str
    packed_keys: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)  # of these parcels, by the key of their command


def make_market(seller: Cooperative) -> Market:
    """Make two kinds of goods with two orders each; one kind is sold by weight."""
    make_product_type()
    make_category()
    variants = [
        make_variant(seller, name="Gối thảo dược", on_hand=20),
        make_variant_sold_by_weight(seller, on_hand=20),
    ]
    parts = [make_order((variant, 3)).parts.get() for variant in variants for _ in range(2)]
    OrderPart.objects.filter(pk__in=[part.pk for part in parts[::2]]).update(carrier="")
    far_warehouse = make_warehouse(seller, make_channel(), name="Kho xa")
    return Market(seller, parts, variants, str(far_warehouse.pk))


def allow_many_requests(monkeypatch: Any) -> None:
    for name in ("PUSHES", "PULLS", "PIECES"):
        monkeypatch.setattr(views, name, RateLimit(f"test_{name}", max_tries=100_000, seconds=60))


def give_random_command(phone: RandomPhone, market: Market) -> None:
    """Give a command that fits what the phone shows, or one that somebody else may have done already."""
    chance = phone.chance
    name = chance.choice(COMMANDS)
    if name == "run":
        change_runs(market, chance)
    elif name in PACKING or name == "cancel" or name.endswith("_code"):
        give_packing_command(phone, market, name, chance.choice(market.parts))
    elif name in COUNTING or name in LOTS:
        give_stock_command(phone, market, name, chance.choice(market.variants))
    else:
        give_listing_command(phone, name, chance.choice(market.variants))


def change_runs(market: Market, chance: random.Random) -> None:
    """End or reopen a run or create one of all waiting parcels, as a member does on the market's pages."""
    whose = {"cooperative": market.seller, "actor": Actor.system(), "now": timezone.now()}
    run = DeliveryRun.objects.newest_first().first()
    waiting = parcels_awaiting_run(market.seller).values_list("pk", flat=True)
    try:
        if run is not None and chance.random() < 0.5:
            (reopen_run if run.ended_at else end_run)(run_id=run.pk, **whose)
        else:
            create_run(parcel_ids=waiting, name="Chợ Rã", driver_name="Sơn", **whose)
    except (EmptyRun, RunNotReopenable):
        return


def give_packing_command(phone: RandomPhone, market: Market, name: str, part: OrderPart) -> None:
    chance, line = phone.chance, part.lines.get()
    subject = {"part": part.pk, "order": part.order.code, "currency": "VND"}

    def give(command: str, /, **payload: Any) -> str:
        return phone.give(command, f"part-{part.pk}", subject, **payload)

    packed = market.packed_keys.setdefault(phone.member_id, [])
    own = [{"packed_by": key} for part_id, key in packed if part_id == part.pk]
    row = phone.read_rows().get(("part", part.pk), {})
    parcels = own + [{"parcel": parcel["id"]} for parcel in row.get("parcels", [])]
    labels = [market.labels[key] for keys in market.packed_keys.values() for of, key in keys if of == part.pk]
    named = chance.choice([{"position": 1}, *({"label": label} for label in labels)])
    match name:
        case "accept_part":
            give(name, part=part.pk)
        case "weigh_line":
            give(name, part=part.pk, line=str(line.pk), grams=chance.choice([900, 6_000, 7_200, 8_000]))
        case "pack":
            quantities = {str(line.pk): chance.randint(1, 3)}
            lots = [lot["id"] for shown in row.get("lines", []) for lot in shown["lot_choices"]]
            chosen = {"lots": {str(line.pk): chance.choice([*lots, None])}} if chance.random() < 0.3 else {}
            (count,) = quantities.values()
            picks = [shown["lot_picks"] for shown in row.get("lines", []) if shown["lot_picks"]]
            if not chosen and picks and picks[0][0][1] >= count:
                chosen = {"picks": {str(line.pk): [[picks[0][0][0], count]]}}
            label = "".join(chance.choices(LABEL_LETTERS, k=LABEL_LENGTH))
            cash = row.get("cash_unpacked")  # of everything, so it is another sum for a part of the items
            if cash is not None and chance.random() < 0.3:
                chosen["seen_cash"] = cash
            key = give("pack_parcel", part=part.pk, quantities=quantities, label=label, **chosen)
            packed.append((part.pk, key))
            market.labels[key] = label
            give("close_parcel", packed_by=key)
        case "substitute":
            other = next(variant for variant in market.variants if variant.pk != line.variant_id)
            of = {"part": part.pk, "line": str(line.pk), "variant": other.pk}
            give("offer_substitute", **of, quantity=1, substitute_quantity=1)
        case "shortage":
            seen = {shown["id"]: shown["open"] for shown in row.get("lines", []) if chance.random() < 0.7}
            available = {str(line.pk): chance.randint(1, 2)}
            give("report_shortage", part=part.pk, available=available, **({"seen": seen} if seen else {}))
        case "cancel":
            seen = {"seen_state": row.get("state", "new"), "seen_parcels": len(row.get("parcels", []))}
            give("cancel_part", part=part.pk, reason="Hết hàng", **seen)
        case "offer_code":
            step = chance.choice(MEMBER_STEPS)
            give("offer_handover", part=part.pk, **named, step=str(step), earlier=0)
        case "receive_by_code":
            step = chance.choice(MEMBER_STEPS)
            code = PhoneCode(
                step,
                part_id=part.pk,
                position=named.get("position", 0),
                label_code=named.get("label", ""),
                giver_id=phone.member_id,
            )
            by_digits = {"order": part.order.code, "digits": code.digits}
            by_digits |= {"label": named["label"]} if "label" in named else {}
            sent = chance.choice([{"token": code.token}, by_digits])
            subject |= named | {"step": str(step)}
            give("receive_parcel", **sent, name="Lý A Páo", place="Bến xe Chợ Rã")
        case _ if not parcels:
            pass
        case "hand_over":
            carriage = chance.choice(
                [
                    {"vehicle": "97B-012.34"},
                    {"carrier": "Bưu điện"},
                    {"carrier": "Bưu điện", "should_leave_run": True},
                ]
            )
            give("hand_over_parcel", **chance.choice(parcels), **carriage)
        case "deliver":
            give("deliver_parcel", **chance.choice(parcels), is_cash_collected=chance.random() < 0.5)
        case "cash":
            give("report_collected_cash", **chance.choice(parcels))
        case "fail":
            give("fail_delivery", **chance.choice(parcels), reason="Vắng nhà")


def give_stock_command(phone: RandomPhone, market: Market, name: str, variant: Variant) -> None:
    chance = phone.chance
    here = str(Stock.objects.filter(variant=variant).order_by("pk")[0].warehouse_id)
    subject = {"product": variant.product_id, "name": variant.product.name, "unit": "chiếc"}
    of = {"variant": variant.pk, "warehouse": here}
    row = phone.read_rows().get(("product", variant.product_id), {"variants": [{"lots": []}]})
    lots = row["variants"][0]["lots"]

    def give(command: str, /, **payload: Any) -> None:
        phone.give(command, f"stock-{variant.pk}-{here}", subject, **of, **payload)

    match name:
        case "count_stock":
            give(name, counted=chance.randint(0, 30))
        case "transfer_stock":
            give(name, to=market.far_warehouse_id, quantity=chance.randint(1, 3))
        case "receive_stock" | "write_off_stock" | "receive_lot":
            give(name, quantity=chance.randint(1, 5))
        case _ if not lots:
            pass
        case "count_lot":
            give(name, lot=chance.choice(lots)["id"], counted=chance.randint(0, 9))
        case "write_off_lot":
            give("write_off_stock", lot=chance.choice(lots)["id"], quantity=chance.randint(1, 3))
        case "lot_stage":
            lot = chance.choice(lots)["id"]
            stage = {"variant": variant.pk, "lot": lot, "title": "Rửa, để ráo"}
            phone.give("add_lot_stage", f"lot-{lot}", subject, **stage)
        case "lot_photo":
            photo, lot = phone.keep_photo(), chance.choice(lots)["id"]
            phone.give(
                "add_lot_photo", f"photo-{photo}", subject, variant=variant.pk, lot=lot, photos=[photo]
            )


def give_listing_command(phone: RandomPhone, name: str, variant: Variant) -> None:
    chance, listing = phone.chance, variant.product.listings.get()
    product = variant.product_id
    subject = {"product": product, "name": variant.product.name, "listing": listing.pk, "currency": "VND"}
    row = phone.read_rows().get(("product", product))
    match name:
        case "pause":
            move = chance.choice(["pause_listing", "resume_listing"])
            phone.give(move, f"listing-{listing.pk}", subject, listing=listing.pk)
        case "photo":
            photos = [phone.keep_photo()]
            phone.give("add_product_photo", f"photo-{photos[0]}", subject, product=product, photos=photos)
        case "listing":
            name = f"Rau số {chance.randint(1, 10_000)}"
            new = {"name": name, "currency": "VND"}
            first = phone.give(
                "create_listing",
                f"new-{name}",
                new,
                photos=[phone.keep_photo()],
                name=name,
                product_type=ProductType.objects.values_list("pk", flat=True)[0],
                category=Category.objects.values_list("pk", flat=True)[0],
                unit="bunch",
                price=12_000,
                on_hand=20,
                origin="Phủ Thông",
                shelf_life="3 ngày",
                return_terms="Đổi trong ngày.",
            )
            phone.give("submit_listing", f"new-{name}", new, created_by=first)
        case _ if row is None:
            pass
        case "move_photo" | "remove_photo" if not row["photos"]:
            pass
        case "move_photo" | "remove_photo":
            place = {"position": chance.randint(0, 2)} if name == "move_photo" else {}
            photo = chance.choice(row["photos"])["id"]
            command = name.replace("photo", "product_photo")
            phone.give(command, f"photos-{product}", subject, product=product, photo=photo, **place)
        case "price":
            seen = row["variants"][0]["prices"][0]["amount"]
            of = {"listing": listing.pk, "variant": variant.pk}
            amount = seen + chance.choice([-1_000, 1_000])
            chain = f"price-{listing.pk}-{variant.pk}"
            phone.give("change_price", chain, subject, **of, amount=amount, seen=seen)
        case "season":
            seen, season = read_season(row), chance.choice([1, 6, 12])
            phone.give(
                "change_season", f"season-{product}", subject, product=product, season=season, seen=seen
            )


def read_season(row: Row) -> int:
    """Return the months of a row such as "1, 6-7" as bits."""
    bits = 0
    for months in (row["season"] or "1-12").split(", "):
        first, _dash, last = months.partition("-")
        for month in range(int(first), int(last or first) + 1):
            bits |= 1 << (month - 1)
    return bits


def check_every_command_was_done_once_or_refused() -> None:
    """Check that each command has an answer, and its effect once if it was done, never if it was refused."""
    effects: dict[str, Counter[str]] = {}
    for model in apps.get_models():
        if any(column.name == "idempotency_key" for column in model._meta.get_fields()):
            sent = model._default_manager.filter(idempotency_key__startswith="phone:")
            for key in sent.values_list("idempotency_key", flat=True):
                effects.setdefault(key, Counter())[model.__name__] += 1
    for row in PhoneCommand.objects.all():
        rows = effects.pop(f"phone:{row.user_id}:{row.key}", Counter())
        is_dropped = (
            row.outcome == "" and row.name in WAITING_FOR_OTHERS
        )  # by the member, after it had waited
        assert is_dropped or row.outcome in (CommandOutcome.DONE, CommandOutcome.REFUSED), row.name
        if row.outcome != CommandOutcome.DONE:
            assert not rows, (row.name, rows)
        elif row.name in MAY_CHANGE_NOTHING:
            assert set(rows.values()) <= {1}, (row.name, rows)
        elif row.name not in WITHOUT_KEY:
            assert set(rows.values()) == {1}, (row.name, rows)
    assert effects == {}


def check_parcels_have_one_holder() -> None:
    """Check that no parcel which has left is with a carrier and in a driver's run."""
    in_runs = Parcel.objects.filter(pk__in=RunParcel.objects.open().values("parcel"))
    assert not in_runs.filter(state=ParcelState.HANDED_OVER).exclude(carrier="").exists()


def check_labels_stay_true(market: Market) -> None:
    """Check that each parcel has the label that its phone printed, and that codes name it."""
    for parcel in Parcel.objects.filter(idempotency_key__startswith="phone:"):
        assert parcel.idempotency_key is not None
        assert parcel.label_code == market.labels[parcel.idempotency_key.rpartition(":")[2]]
    for code in HandoverCode.objects.select_related("parcel").exclude(subject=None):
        assert code.subject is not None
        named = code.subject.split(".")[2]
        assert named in (code.parcel.label_code, "1"), (named, code.parcel.label_code)
