import datetime

import pytest

from shop.core.data.compact import former_places
from shop.core.divisions import write_divisions
from shop.core.models import Division, FormerPlace, Level
from tests.factories import make_all_places

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 25)


@pytest.fixture
def divisions(db):
    make_all_places()
    return Division.objects.current(on=TODAY)


def names(rows):
    return [(row.full_name, row.parent.name) for row in rows.select_related("parent")]


def test_there_are_34_provinces_and_3321_communes(divisions):
    assert divisions.filter(level=Level.PROVINCE).count() == 34
    assert divisions.filter(level=Level.COMMUNE).count() == 3321


def test_codes_keep_their_zeros_and_names_lose_their_type(divisions):
    hanoi = divisions.get(code="01")

    assert (hanoi.full_name, hanoi.name, hanoi.folded) == ("Thành phố Hà Nội", "Hà Nội", "ha noi")
    assert divisions.get(code="00004").parent == hanoi


def test_provinces_are_listed_in_the_order_of_the_alphabet(divisions):
    listed = [row.name for row in divisions.provinces()]

    assert listed[:6] == ["An Giang", "Bắc Ninh", "Cà Mau", "Cao Bằng", "Cần Thơ", "Đà Nẵng"]
    assert listed[-1] == "Vĩnh Long"


def test_the_communes_of_a_province_are_its_own(divisions):
    communes = divisions.communes_of("19")

    assert "Xã Phủ Thông" in [row.full_name for row in communes]
    assert {row.parent.code for row in communes.select_related("parent")} == {"19"}
    assert not divisions.communes_of("99").exists()


def test_loading_twice_changes_nothing(divisions):
    before = list(Division.objects.order_by("pk").values_list("pk", "code", "name"))
    former = FormerPlace.objects.count()

    write_divisions()

    assert list(Division.objects.order_by("pk").values_list("pk", "code", "name")) == before
    assert FormerPlace.objects.count() == former > 9000


def test_a_division_counts_only_while_it_is_in_force(divisions):
    Division.objects.filter(code="01969").update(valid_until=TODAY)

    assert Division.objects.current(on=TODAY).filter(code="01969").exists()
    assert not Division.objects.current(on=TODAY + datetime.timedelta(days=1)).filter(code="01969").exists()
    assert not Division.objects.current(on=datetime.date(2025, 6, 30)).exists()


@pytest.mark.parametrize(
    "old",
    [
        "xã Vi Hương, huyện Bạch Thông, tỉnh Bắc Kạn",
        "Vi Hương, Bắc Kạn",
        "vi huong, Thái Nguyên",
        "Xã Vi Hương",
    ],
)
def test_an_old_address_leads_to_the_commune_of_today(divisions, old):
    assert names(divisions.suggest_from_old(old)) == [("Xã Phủ Thông", "Thái Nguyên")]


def test_a_divided_ward_offers_each_of_its_heirs(divisions):
    offered = [row.full_name for row in divisions.suggest_from_old("Phường Tân Tạo A, Hồ Chí Minh")]

    assert len(offered) > 1
    assert "Phường Tân Tạo" in offered


def test_a_name_that_nobody_knows_offers_nothing(divisions):
    assert not divisions.suggest_from_old("Xã Không Đâu, Bắc Kạn").exists()
    assert not divisions.suggest_from_old(" , ").exists()


def test_a_commune_is_found_without_marks(divisions):
    assert ("Xã Phủ Thông", "Thái Nguyên") in names(divisions.matching("phu thong").in_order())


@pytest.mark.parametrize(
    ("note", "places"),
    [
        ("Giữ nguyên, không sắp xếp. Bỏ cấp huyện. Số: 1660", []),
        (
            "Hợp nhất xã Đắk Nuê và xã Đắk Phơi thành xã Đắk Phơi. Bỏ cấp huyện.",
            ["Xã Đắk Nuê", "Xã Đắk Phơi"],
        ),
        (
            "Đổi loại hình từ thị trấn Mai Châu thành xã Mai Châu, hợp nhất thị trấn Mai Châu, các xã"
            " Nà Phòn, Tòng Đậu và một phần diện tích tự nhiên, quy mô dân số của xã Đồng Tân. Bỏ cấp huyện.",
            ["Thị trấn Mai Châu", "Xã Nà Phòn", "Xã Tòng Đậu", "Xã Đồng Tân (part)"],
        ),
        (
            "Đổi tên từ Phường 4 thành phường Đức Nhuận, hợp nhất Phường 4 và Phường 9 thuộc quận Phú Nhuận.",
            ["Phường 4, Phú Nhuận", "Phường 9, Phú Nhuận"],
        ),
    ],
)
def test_a_merger_note_names_what_went_into_a_commune(note, places):
    told = [
        f"{place.type_word} {place.name}"
        + f", {place.district}" * bool(place.district)
        + " (part)" * place.is_part
        for place in former_places(note)
    ]

    assert told == places
