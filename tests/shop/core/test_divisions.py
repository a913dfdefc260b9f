import datetime

import pytest

from shop.core.geography.divisions import write_divisions
from shop.core.geography.old_addresses import suggest_communes
from shop.core.models import Division, DivisionLevel, FormerPlace

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 25)


@pytest.fixture
def divisions(all_divisions, db):
    return Division.objects.current(day=TODAY)


def names(rows):
    return [(row.full_name, row.parent.name) for row in rows.select_related("parent")]


def test_there_are_34_provinces_and_3321_communes(divisions) -> None:
    assert divisions.filter(level=DivisionLevel.PROVINCE).count() == 34
    assert divisions.filter(level=DivisionLevel.COMMUNE).count() == 3321


def test_codes_keep_leading_zeros_and_names_lose_their_type(divisions) -> None:
    hanoi = divisions.get(code="01")

    assert (hanoi.full_name, hanoi.name, hanoi.folded) == ("Thành phố Hà Nội", "Hà Nội", "ha noi")
    assert divisions.get(code="00004").parent == hanoi


def test_provinces_are_in_vietnamese_alphabetical_order(divisions) -> None:
    listed = [row.name for row in divisions.provinces()]

    assert listed[:6] == ["An Giang", "Bắc Ninh", "Cà Mau", "Cao Bằng", "Cần Thơ", "Đà Nẵng"]
    assert listed[-1] == "Vĩnh Long"


def test_communes_of_a_province_are_its_own(divisions) -> None:
    communes = divisions.communes_of("19")

    assert "Xã Phủ Thông" in [row.full_name for row in communes]
    assert {row.parent.code for row in communes.select_related("parent")} == {"19"}
    assert not divisions.communes_of("99").exists()


def test_loading_twice_changes_nothing(divisions) -> None:
    before = list(Division.objects.order_by("pk").values_list("pk", "code", "name"))
    former = FormerPlace.objects.count()

    write_divisions()

    assert list(Division.objects.order_by("pk").values_list("pk", "code", "name")) == before
    assert FormerPlace.objects.count() == former > 9000


def test_division_is_current_only_while_it_is_in_force(divisions) -> None:
    Division.objects.filter(code="01969").update(valid_until=TODAY)

    assert Division.objects.current(day=TODAY).filter(code="01969").exists()
    assert not Division.objects.current(day=TODAY + datetime.timedelta(days=1)).filter(code="01969").exists()
    assert not Division.objects.current(day=datetime.date(2025, 6, 30)).exists()


def suggested(text):
    return [
        (commune.commune.full_name, commune.commune.parent.name, commune.street)
        for commune in suggest_communes(text, day=TODAY)
    ]


def test_former_address_in_any_spelling_leads_to_its_current_commune(divisions) -> None:
    for former_address, street in [
        ("xã Vi Hương, huyện Bạch Thông, tỉnh Bắc Kạn", ""),
        ("Thôn Nà Ít, xã Vi Hương, huyện Bạch Thông, tỉnh Bắc Kạn", "Thôn Nà Ít"),
        ("thôn Nà Ít xã Vi Hương huyện Bạch Thông tỉnh Bắc Kạn", "thôn Nà Ít"),
        ("nha 5 thon Na It xa Vi Huong huyen Bach Thong tinh Bac Kan", "nha 5 thon Na It"),
        ("Số 5, Nà Ít, Vi Hương, Bạch Thông, Bắc Kạn", "Số 5, Nà Ít"),
        ("Vi Hương, Bắc Kạn", ""),
        ("vi huong, Thái Nguyên", ""),
        ("X. VI HƯƠNG; H. BẠCH THÔNG", ""),
    ]:
        assert suggested(former_address) == [("Xã Phủ Thông", "Thái Nguyên", street)], former_address


def test_district_and_type_distinguish_places_of_one_name(divisions) -> None:
    assert suggested("Phường 1, Quận 3, TP.HCM") == [("Phường Bàn Cờ", "Hồ Chí Minh", "")]
    assert len(suggested("Phường 1, TP.HCM")) > 5
    assert suggested("xã Trạm Tấu, Yên Bái") == [("Xã Trạm Tấu", "Lào Cai", "")]
    assert suggested("TT. Trạm Tấu, Yên Bái") == [("Xã Hạnh Phúc", "Lào Cai", "")]


def test_divided_ward_suggests_each_successor_with_its_former_places(divisions) -> None:
    suggestions = suggest_communes("12 Lê Lợi, Phường Dịch Vọng, Cầu Giấy, Hà Nội", day=TODAY)

    assert [suggestion.commune.full_name for suggestion in suggestions] == [
        "Phường Cầu Giấy",
        "Phường Nghĩa Đô",
    ]
    assert {suggestion.street for suggestion in suggestions} == {"12 Lê Lợi"}
    was = suggestions[0].former[0]
    assert (was.type_word, was.name, was.district, was.province, was.is_part) == (
        *("Phường", "Dịch Vọng"),
        *("Quận Cầu Giấy", "Hà Nội", True),
    )


def test_unknown_place_suggests_nothing(divisions) -> None:
    for text in ["Xã Không Đâu, Bắc Kạn", "xã Vi Hương, tỉnh Cà Mau", " , ", "", "Bắc Kạn, ", "😀" * 300]:
        assert suggested(text) == [] or text.startswith("Bắc Kạn"), text


def test_queries_do_not_grow_with_the_address(divisions, django_assert_num_queries) -> None:
    for text in ["Vi Hương", "Số 5, Nà Ít, Vi Hương, Bạch Thông, Bắc Kạn"]:
        with django_assert_num_queries(3):
            suggest_communes(text, day=TODAY)


def test_commune_is_found_without_diacritics(divisions) -> None:
    assert ("Xã Phủ Thông", "Thái Nguyên") in names(divisions.matching("phu thong").in_order())
