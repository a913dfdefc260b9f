"""Create the demo's cooperatives with warehouses, delivery methods, certificates and producers."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from cooperatives.actions.delivery_terms import (
    DeliveryRateInput,
    MarketDayInput,
    replace_delivery_rates,
    replace_market_days,
)
from cooperatives.models import (
    Certificate,
    ClickAndCollect,
    Cooperative,
    DeliveryMethod,
    MarketDayKind,
    Producer,
    Warehouse,
    WarehouseChannel,
)
from cooperatives.states import CertificateState, CooperativeState
from shop.accounts.models import Address
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Division, Picture, Translation, record_change
from shop.core.texts.folding import fold, slugify
from shop.management.demo.data_files import TomlTable, cooperatives, demo_market, translate_to_english
from shop.management.market_setup import texts
from shop.management.market_setup.create_market import MarketRows

SAMPLE_NUMBER = "000/MẪU"


@dataclass(frozen=True, slots=True)
class SellerRows:
    """A cooperative with the rows its products refer to. `shares` is the stock's percentage per warehouse."""

    cooperative: Cooperative
    warehouses: list[Warehouse]
    shares: list[int]
    certificates: Mapping[str, Certificate]
    producers: list[Producer]


def create_sellers(
    market_rows: MarketRows, pictures: Mapping[str, Picture], *, actor: Actor, now: datetime.datetime
) -> dict[str, SellerRows]:
    """In a transaction: create the missing cooperatives of the data files, and return all of them by slug."""
    translations: list[Translation] = []
    sellers = {}
    for position, row in enumerate(cooperatives(), start=1):
        cooperative = Cooperative.objects.filter(slug=row["slug"]).first()
        if cooperative is None:
            cooperative = _create_cooperative(row, position, pictures, actor=actor, now=now)
            _create_related_rows(cooperative, row, market_rows, pictures, translations, actor=actor, now=now)
        sellers[row["slug"]] = _load_seller(cooperative, row)
    texts.insert_translations(translations)
    return sellers


def _create_cooperative(
    seller: TomlTable,
    position: int,
    pictures: Mapping[str, Picture],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> Cooperative:
    """Create an approved cooperative. Its phone, registration number and bank account are samples."""
    commune = (
        Division.objects.current(day=vietnam_date(now)).select_related("parent").get(code=seller["commune"])
    )
    province = commune.parent or commune
    cooperative = Cooperative.objects.create(
        slug=seller["slug"],
        name=seller["name"],
        folded_name=fold(seller["name"]),
        is_sample=seller.get("sample", False),
        state=CooperativeState.APPROVED,
        sort_order=position * 10,
        legal_name=seller["legal_name"] if "legal_name" in seller else seller["name"],
        registration_number=f"00000000{position:02}",
        phone=f"+842090000{position:03}",
        bank_bin="970405",
        bank_account=f"00000000{position:02}",
        bank_holder="TAI KHOAN MAU",
        province_code=province.code,
        province_name=province.name,
        commune_code=commune.code,
        commune_name=commune.full_name,
        hamlet=seller["hamlet"],
        summary=seller["summary"],
        story=seller["story"].strip(),
        return_terms=seller["returns"],
        cover=pictures[seller["cover"]],
        portrait=pictures[seller["portrait"]],
    )
    record_change("cooperative.approved", cooperative, actor=actor, now=now, cooperative_id=cooperative.pk)
    return cooperative


def _create_related_rows(
    cooperative: Cooperative,
    row: TomlTable,
    market_rows: MarketRows,
    pictures: Mapping[str, Picture],
    translations: list[Translation],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    translations += texts.english_translations(
        cooperative,
        name=row["en"],
        summary=row["summary_en"],
        story=row["story_en"].strip(),
        return_terms=row["returns_en"],
    )
    translations += _create_delivery_methods(cooperative, row, market_rows, actor=actor, now=now)
    for certificate in row.get("certificates", []):
        _create_certificate(cooperative, certificate, pictures, now=now)
    for producer in row.get("producers", []):
        translations += _create_household(cooperative, producer, now=now)


def _create_delivery_methods(
    cooperative: Cooperative,
    row: TomlTable,
    market_rows: MarketRows,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> list[Translation]:
    """Create the warehouses and the delivery methods from them, and return the methods' translations."""
    translations: list[Translation] = []
    warehouses_by_key = {
        warehouse["key"]: _create_warehouse(cooperative, warehouse, position, market_rows)
        for position, warehouse in enumerate(row["warehouses"])
    }
    for position, method_row in enumerate(row["delivery_methods"]):
        delivery_method = _create_delivery_method(
            cooperative, method_row, position, market_rows, warehouses_by_key
        )
        if "table" in method_row:
            rates = _rates(method_row["table"])
            replace_delivery_rates(
                delivery_method,
                market_rows.channel,
                rates,
                free_from=method_row.get("free_from"),
                actor=actor,
                now=now,
            )
        days, cut_off = _market_days(method_row), method_row.get("cut_off", 0)
        if days:
            replace_market_days(delivery_method, days, cut_off_hours=cut_off, actor=actor, now=now)
        note = method_row.get("note", "")
        translations += texts.english_translations(
            delivery_method,
            name=translate_to_english(delivery_method.name),
            note=translate_to_english(note) if note else "",
        )
    return translations


def _create_certificate(
    cooperative: Cooperative, row: TomlTable, pictures: Mapping[str, Picture], *, now: datetime.datetime
) -> None:
    review = {"state": CertificateState.IN_REVIEW, "submitted_at": now} if row.get("waits") else {}
    Certificate.objects.create(
        cooperative=cooperative,
        kind=row["kind"],
        stars=row.get("stars"),
        number=SAMPLE_NUMBER,
        picture=pictures[row["picture"]],
        issued_on=row.get("issued_on"),
        expires_on=row.get("expires_on"),
        is_sample=True,
        **review,
    )


def _create_household(
    cooperative: Cooperative, row: TomlTable, *, now: datetime.datetime
) -> list[Translation]:
    household = Producer.objects.create(
        cooperative=cooperative,
        name=row["name"],
        products_made=row["products_made"],
        place=cooperative.commune_name,
        agreed_on=vietnam_date(now),
    )
    return texts.english_translations(household, products_made=translate_to_english(row["products_made"]))


def _create_warehouse(
    cooperative: Cooperative, row: TomlTable, position: int, market_rows: MarketRows
) -> Warehouse:
    address = Address.objects.create(
        street_address_1=row["street"],
        city=cooperative.commune_name,
        country_area=cooperative.province_name,
        province_code=cooperative.province_code,
        commune_code=cooperative.commune_code,
        phone=cooperative.phone,
    )
    warehouse = Warehouse.objects.create(
        cooperative=cooperative,
        name=row["name"],
        slug=f"{cooperative.slug}-{slugify(row['name'])}"[:255],
        address=address,
        click_and_collect=ClickAndCollect.LOCAL,
        is_private=False,
    )
    WarehouseChannel.objects.create(
        warehouse=warehouse, channel=market_rows.channel, sort_order=cooperative.sort_order * 10 + position
    )
    warehouse.zones.add(market_rows.zone)
    return warehouse


def _create_delivery_method(
    cooperative: Cooperative,
    method: TomlTable,
    position: int,
    market_rows: MarketRows,
    warehouses_by_key: Mapping[str, Warehouse],
) -> DeliveryMethod:
    weekday, hour = method.get("departs", (None, None))
    shortest, longest = method.get("days", (None, None))
    return DeliveryMethod.objects.create(
        cooperative=cooperative,
        service=market_rows.services[method["kind"]],
        kind=method["kind"],
        name=method["name"],
        carrier=method.get("carrier", ""),
        note=method.get("note", ""),
        station=method.get("station", ""),
        warehouse=warehouses_by_key[method["warehouse"]] if "warehouse" in method else None,
        minimum_days=shortest,
        maximum_days=longest,
        departs_weekday=weekday,
        departs_at=datetime.time.fromisoformat(hour) if hour else None,
        cut_off_hours=method.get("cut_off", 0),
        sort_order=position,
    )


def _rates(table: str) -> list[DeliveryRateInput]:
    """Return a price table's rates: each zone's weight brackets for its provinces. "else" is the rest."""
    zones: dict[str, list[str]] = demo_market()["zones"] | {"else": [""]}
    return [
        DeliveryRateInput(price, province, grams)
        for zone, brackets in demo_market()["tables"][table].items()
        for province in zones.get(zone, [zone])
        for grams, price in brackets
    ]


def _market_days(row: TomlTable) -> list[MarketDayInput]:
    if "hours" not in row:
        return []
    starts, ends = (datetime.time.fromisoformat(hour) for hour in row["hours"])
    numbers_by_kind = {
        MarketDayKind.WEEKDAY: row.get("weekdays", []),
        MarketDayKind.SOLAR: row.get("solar", []),
        MarketDayKind.LUNAR: row.get("lunar", []),
    }
    return [
        MarketDayInput(kind=kind, number=number, starts=starts, ends=ends, capacity=row.get("capacity"))
        for kind, numbers in numbers_by_kind.items()
        for number in numbers
    ]


def _load_seller(cooperative: Cooperative, row: TomlTable) -> SellerRows:
    certificates = list(cooperative.certificates.filter(is_sample=True).order_by("pk"))
    warehouses = list(
        cooperative.warehouses.filter(channel_rows__isnull=False).order_by("channel_rows__sort_order", "pk")
    )
    keys = [certificate["key"] for certificate in row.get("certificates", [])]
    return SellerRows(
        cooperative=cooperative,
        warehouses=warehouses,
        shares=[warehouse["share"] for warehouse in row["warehouses"]],
        certificates=dict(zip(keys, certificates, strict=False)),
        producers=list(cooperative.producers.order_by("pk")),
    )
