"""The demo's pictures: each product has at least two of its own, and no two look alike."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import combinations

import pytest
from PIL import Image

from shop.management.demo.data_files import HERE, cooperatives, product_pictures, products
from shop.management.demo.illustrations.gallery import picture_names
from shop.management.demo.product_pictures import store_pictures
from shop.management.market_setup.market_data import market

pytestmark = pytest.mark.once

PICTURES = HERE / "pictures"
SIDE = 16
MIN_DIFFERENT_BITS = 10  # of 256 in each direction; a copy in other colours has fewer
MAX_BYTES = 120_000


@cache
def difference_hash(name: str) -> int:
    """Return a perceptual hash: where a small grey copy grows brighter to the right, and downwards."""
    with Image.open(PICTURES / f"{name}.webp") as image:
        grey = image.convert("L").resize((SIDE + 1, SIDE + 1), Image.Resampling.LANCZOS).tobytes()
    bits = 0
    for row in range(SIDE):
        for column in range(SIDE):
            place = row * (SIDE + 1) + column
            bits = bits << 2 | (grey[place] > grey[place + 1]) << 1 | (grey[place] > grey[place + SIDE + 1])
    return bits


@pytest.mark.parametrize("row", products(), ids=lambda row: row["name"])
def test_each_product_has_at_least_two_pictures_and_one_for_each_variant(row) -> None:
    names = product_pictures(row)

    assert len(names) >= 2
    assert all((PICTURES / f"{name}.webp").exists() for name in names)
    own = [variant.get("picture") for variant in row["variants"]]
    assert len(own) == 1 or len({*own} - {None}) == len(own)


def test_no_picture_serves_two_products() -> None:
    uses = Counter(name for row in products() for name in product_pictures(row))

    assert [name for name, count in uses.items() if count > 1] == []


def test_no_two_pictures_of_products_look_alike() -> None:
    names = sorted({name for row in products() for name in product_pictures(row)})

    alike = {
        (one, other): distance
        for one, other in combinations(names, 2)
        if (distance := (difference_hash(one) ^ difference_hash(other)).bit_count()) < MIN_DIFFERENT_BITS
    }

    assert alike == {}


def test_each_cooperative_has_a_face_and_a_place_of_its_own_and_each_certificate_a_scan() -> None:
    names = [row[kind] for row in cooperatives() for kind in ("cover", "portrait")]
    names += [certificate["picture"] for row in cooperatives() for certificate in row.get("certificates", [])]

    assert len(names) == len(set(names))
    assert all((PICTURES / f"{name}.webp").exists() for name in names)


def test_files_are_those_of_the_drawings_and_light() -> None:
    files = {path.stem: path.stat().st_size for path in PICTURES.iterdir()}
    roots = market()["category"]

    assert sorted(files) == picture_names()
    assert {row["picture"] for root in roots for row in [root, *root["inside"]]} <= set(files)
    assert {name: size for name, size in files.items() if size > MAX_BYTES} == {}


@pytest.mark.django_db
def test_pictures_are_stored_once_and_ready_at_once() -> None:
    first = store_pictures(["quyt", "gung"], has_renditions=True)
    again = store_pictures(["gung", "quyt"], has_renditions=True)

    assert {name: picture.pk for name, picture in first.items()} == {
        name: picture.pk for name, picture in again.items()
    }
    assert sorted(again["quyt"].renditions, key=int) == ["96", "160", "320", "640", "800"]
