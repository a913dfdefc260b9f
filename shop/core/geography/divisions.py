"""Load Vietnam's provinces and communes into the database."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.db import transaction

from shop.core.models.geography import Division, DivisionLevel, FormerPlace
from shop.core.texts.folding import fold, sort_key

_FILE = Path(__file__).parent / "data" / "divisions.json"
_BATCH = 400
# The former provinces merged into each one: Resolution 202/2025/QH15 of 12 June 2025 (Huế: 175/2024/QH15).
_FORMER_PROVINCES = {
    "08": ("Hà Giang",),
    "15": ("Yên Bái",),
    "19": ("Bắc Kạn",),
    "24": ("Bắc Giang",),
    "25": ("Vĩnh Phúc", "Hòa Bình"),
    "31": ("Hải Dương",),
    "33": ("Thái Bình",),
    "37": ("Hà Nam", "Nam Định"),
    "44": ("Quảng Bình",),
    "46": ("Thừa Thiên Huế",),
    "48": ("Quảng Nam",),
    "51": ("Kon Tum",),
    "52": ("Bình Định",),
    "56": ("Ninh Thuận",),
    "66": ("Phú Yên",),
    "68": ("Đắk Nông", "Bình Thuận"),
    "75": ("Bình Phước",),
    "79": ("Bình Dương", "Bà Rịa - Vũng Tàu"),
    "80": ("Long An",),
    "82": ("Tiền Giang",),
    "86": ("Bến Tre", "Trà Vinh"),
    "91": ("Kiên Giang",),
    "92": ("Sóc Trăng", "Hậu Giang"),
    "96": ("Bạc Liêu",),
}


@transaction.atomic(durable=True)
def load_divisions() -> int:
    """Load all provinces, communes and former places from the file, and return the number of divisions.

    Existing rows keep their keys, so a second run changes nothing.
    """
    return write_divisions()


def write_divisions() -> int:
    """In a transaction: create or update the provinces and communes of the file."""
    data = json.loads(_FILE.read_text(encoding="utf-8"))
    valid_from = datetime.date.fromisoformat(data["valid_from"])
    provinces = _upsert_divisions(
        [_build_division(row, DivisionLevel.PROVINCE, valid_from) for row in data["provinces"]]
    )
    communes = _upsert_divisions(
        [
            _build_division(row, DivisionLevel.COMMUNE, valid_from, provinces[province])
            for province, rows in data["communes"].items()
            for row in rows
        ]
    )
    FormerPlace.objects.filter(division__valid_from=valid_from).delete()
    FormerPlace.objects.bulk_create(_former_places(data, provinces, communes), batch_size=_BATCH)
    return len(provinces) + len(communes)


def _build_division(
    row: Sequence[Any], level: DivisionLevel, valid_from: datetime.date, parent_id: int | None = None
) -> Division:
    code, type_word, name = row[:3]
    return Division(
        code=code,
        level=level,
        type_word=type_word,
        name=name,
        full_name=f"{type_word} {name}",
        parent_id=parent_id,
        folded=fold(name),
        sort_key=sort_key(name),
        valid_from=valid_from,
    )


def _upsert_divisions(divisions: list[Division]) -> dict[str, int]:
    """Insert or update divisions, and return their keys by code."""
    Division.objects.bulk_create(
        divisions,
        update_conflicts=True,
        unique_fields=["code", "valid_from"],
        update_fields=["level", "type_word", "name", "full_name", "parent", "folded", "sort_key"],
        batch_size=_BATCH,
    )
    rows = Division.objects.filter(level=divisions[0].level, valid_from=divisions[0].valid_from)
    return dict(rows.values_list("code", "pk"))


def _former_places(
    data: dict[str, Any], provinces: dict[str, int], communes: dict[str, int]
) -> Iterator[FormerPlace]:
    for code, names in _FORMER_PROVINCES.items():
        for name in names:
            yield FormerPlace(division_id=provinces[code], type_word="Tỉnh", name=name, folded=fold(name))
    for province_code, rows in data["communes"].items():
        districts = data["districts"][province_code]
        for code, _type, _name, former_names in rows:
            for type_word, name, former_name, is_part in former_names:
                district, province = districts[former_name]
                yield FormerPlace(
                    division_id=communes[code],
                    type_word=type_word,
                    name=name,
                    district=district,
                    province=province,
                    folded=fold(name),
                    is_part=bool(is_part),
                )
