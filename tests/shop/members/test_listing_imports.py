"""Listings are exported and imported as files: previewed cell by cell, in any encoding, without doubles."""

from __future__ import annotations

import csv
import datetime
import io
import time

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.actions.listing_imports import write_rows
from catalog.actions.listing_imports.import_files import (
    check_listing_import,
    confirm_listing_import,
    import_listing_file,
    resume_listing_imports_task,
)
from catalog.actions.listing_imports.write_rows import write_next_rows
from catalog.models import (
    ALL_MONTHS,
    ListingImport,
    ListingImportRow,
    Price,
    Product,
    ProductMedia,
    ProductRevision,
    Variant,
)
from catalog.states import (
    IMPORT_ROW_TRANSITIONS,
    IMPORT_TRANSITIONS,
    ImportRowState,
    ImportState,
    ListingState,
)
from cooperatives.models import Role
from shop.core.models import Change, Picture, PictureState
from shop.core.states import TransitionNotAllowed
from shop.members.catalogue.imports import IMPORT_LIMIT
from tests.factories import (
    NOW,
    get_stock,
    make_category,
    make_channel,
    make_member,
    make_product,
    make_product_type,
    make_seller,
    make_variant,
    set_wholesale_prices,
)
from tests.figures import FIGURE
from tests.markup import html_of
from tests.refusals import all_rows, assert_refused
from tests.state_tables import unreachable_states

pytestmark = [pytest.mark.django_db, pytest.mark.both]

URL = "/xa-vien/hang/bang/"
HEADINGS = [
    "Mã hàng",
    "Tên sản phẩm",
    "Kích cỡ hoặc hoa văn",
    "Đơn vị bán",
    "Giá mỗi đơn vị bán",
    "Số lượng tồn kho",
]
HONEY = ["MO-01", "Mật ong bạc hà", "Chai lớn", "chai", "350.000", "12"]


@pytest.fixture(autouse=True)
def _market(eager_jobs, seller) -> None:
    make_product_type()


def as_csv_file(*rows: list[str], headings: list[str] = HEADINGS, encoding: str = "utf-8-sig") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([headings, *rows])
    return text.getvalue().encode(encoding)


def as_xlsx_file(*rows: list[object], merged: str = "") -> bytes:
    book = openpyxl.Workbook()
    for row in [HEADINGS, *rows]:
        book.active.append(row)
    if merged:
        book.active.merge_cells(merged)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def post(client, url: str, fields: dict[str, object]) -> object:
    """Send a form, and run the jobs that wait for the commit."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        return client.post(url, fields)


def upload(client, content: bytes, name: str = "hang.csv") -> ListingImport:
    response = post(client, URL, {"file": SimpleUploadedFile(name, content)})
    assert response.status_code == 302, response.context["form"].errors
    return ListingImport.objects.latest("pk")


def confirm(client, listing_import: ListingImport, *answered: ListingImportRow) -> None:
    post(client, f"{URL}{listing_import.pk}/xac-nhan/", {"answered": [row.pk for row in answered]})


def problems_of(listing_import: ListingImport) -> list[tuple[str, str]]:
    rows = listing_import.rows.order_by("row_number")
    return [(problem["cell"], problem["text"]) for row in rows for problem in row.problems]


def test_nothing_is_written_before_confirmation_and_a_second_import_creates_nothing_twice(
    lister, seller
) -> None:
    before = all_rows()
    small = ["MO-02", "Mật ong bạc hà", "Chai nhỏ", "chai", "180.000", "5"]
    content = as_csv_file(HONEY, small)

    listing_import = upload(lister, content)

    written = {
        table
        for table, rows in all_rows().items()
        if rows != before.get(table) and not table.startswith("catalog.ListingImport")
    }
    assert written <= {"sessions.Session"}
    page = html_of(lister.get(f"{URL}{listing_import.pk}/"))
    assert "2 phân loại mới" in page
    assert Product.objects.count() == 0

    confirm(lister, listing_import)

    product = Product.objects.get()
    variants = product.variants.order_by("pk")
    assert (product.cooperative, product.name) == (seller, "Mật ong bạc hà")
    assert [(row.seller_code, row.name, row.unit) for row in variants] == [
        ("MO-01", "Chai lớn", "bottle"),
        ("MO-02", "Chai nhỏ", "bottle"),
    ]
    assert [Price.objects.get(variant=row).amount for row in variants] == [350_000, 180_000]
    assert [get_stock(row).on_hand for row in variants] == [12, 5]
    assert product.listings.get().state == ListingState.DRAFT
    listing_import.refresh_from_db()
    assert (listing_import.state, bytes(listing_import.content)) == (ImportState.DONE, b"")

    repeated = upload(lister, content)

    assert set(repeated.rows.values_list("state", flat=True)) == {ImportRowState.UNCHANGED}
    confirm(lister, repeated)
    assert (Product.objects.count(), Variant.objects.count()) == (1, 2)
    assert ListingImport.objects.get(pk=repeated.pk).state == ImportState.READY


def test_confirming_twice_writes_once(lister) -> None:
    listing_import = upload(lister, as_csv_file(HONEY))

    for _sent in range(2):
        confirm(lister, listing_import)

    assert Change.objects.filter(action="listing_import.confirmed").count() == 1
    assert Product.objects.count() == 1


@pytest.mark.parametrize("extension", ["csv", "xlsx"])
def test_export_is_imported_again_without_changes(lister, seller, extension) -> None:
    category = make_category("Đồ uống")
    make_product(seller, name="=Trà shan tuyết", category=category, variants=(("Gói", 0), ("Hộp", 90_000)))
    make_variant(seller, name="Bí xanh thơm", unit="fruit", content_grams=2400, is_sold_by_weight=True)
    make_variant(make_seller("HTX Yến Dương"), name="Miến dong")
    content = lister.get(f"{URL}san-pham.{extension}").content

    listing_import = upload(lister, content, f"san-pham.{extension}")

    rows = listing_import.rows.order_by("row_number")
    assert [(row.name, row.state) for row in rows] == [
        ("Bí xanh thơm", ImportRowState.UNCHANGED),
        ("=Trà shan tuyết · Gói", ImportRowState.UNCHANGED),
        ("=Trà shan tuyết · Hộp", ImportRowState.UNCHANGED),
    ]


def test_export_reads_a_fixed_number_of_tables(lister, seller, django_assert_max_num_queries) -> None:
    for number in range(6):
        make_product(seller, name=f"Trà {number}")

    with django_assert_max_num_queries(12):
        response = lister.get(f"{URL}san-pham.csv")

    assert response.content.decode("utf-8-sig").count("\n") == 7


def test_template_has_the_headings_and_a_guide(lister) -> None:
    make_category("Đồ uống")

    book = openpyxl.load_workbook(io.BytesIO(lister.get(f"{URL}mau.xlsx").content))
    headings = [cell.value for cell in book.worksheets[0][1]]
    guide = list(book.worksheets[1].values)

    assert headings[:6] == [
        "Mã hàng",
        "Tên sản phẩm",
        "Kích cỡ hoặc hoa văn",
        "Loại sản phẩm",
        "Danh mục",
        "Đơn vị bán",
    ]
    assert ("Danh mục", "Đồ uống") in guide
    assert ("Loại sản phẩm", "Hàng thường") in guide
    assert lister.get(f"{URL}mau.csv").content.decode("utf-8-sig").startswith("Mã hàng,Tên sản phẩm,")


def test_bad_rows_are_named_with_their_cells_and_left_out(lister) -> None:
    listing_import = upload(
        lister,
        as_csv_file(
            HONEY,
            ["MO-03", "Mật ong rừng", "", "thùng phuy", "0", "5"],
            ["", "Măng khô", "", "kg", "1000000000", "5"],
            ["MO-01", "Mật ong bạc hà", "", "chai", "9,5", "-1"],
            ["CP-77", "Gạo nếp", "", "kg", "30.000", ""],
        ),
    )

    price_text = "Nhập giá là số nguyên từ 1 đến 99.999.999."
    named = problems_of(listing_import)
    assert [cell for cell, _text in named] == ["D3", "E3", "E4", "A4", "E5", "F5", "A5", "A6", "F6"]
    assert dict(named)["E3"] == dict(named)["E4"] == price_text
    assert dict(named)["A5"] == "Dòng 2 có cùng mã."
    page = html_of(lister.get(f"{URL}{listing_import.pk}/"))
    assert "E3:" in page
    confirm(lister, listing_import)
    assert list(Variant.objects.values_list("seller_code", flat=True)) == ["MO-01"]


def test_formulas_and_merged_cells_are_named(lister) -> None:
    content = as_xlsx_file(
        ["MO-01", "Mật ong", "Lớn", "chai", "=100*2", 5],
        ["MO-02", "Mật ong", "Nhỏ", "chai", 90_000, 5],
        ["MO-03", None, "Vừa", "chai", 120_000, 5],
        merged="B3:B4",
    )

    listing_import = upload(lister, content, "hang.xlsx")

    named = problems_of(listing_import)
    assert [cell for cell, _text in named] == ["E2", "B3", "B4"]
    assert "công thức" in named[0][1]
    assert "B3:B4" in named[1][1]


@pytest.mark.parametrize(
    ("encoding", "name", "content"),
    [
        ("utf-16", "Unicode (UTF-16)", as_csv_file(HONEY, encoding="utf-16")),
        (
            "tcvn3",
            "TCVN3 (ABC)",
            (
                "M· hµng,Tªn s¶n phÈm,KÝch cì hoÆc hoa v¨n,§¬n vÞ b¸n,Gi¸ mçi ®¬n vÞ b¸n,Sè l­îng tån kho\n"
                "MO-01,MËt ong b¹c hµ,Chai lín,chai,350.000,12\n"
            ).encode("cp1252"),
        ),
        (
            "vni",
            "VNI",
            (
                "Maõ haøng,Teân saûn phaåm,Kích côõ hoaëc hoa vaên,Ñôn vò baùn,"
                "Giaù moãi ñôn vò baùn,Soá löôïng toàn kho\n"
                "MO-01,Maät ong baïc haø,Chai lôùn,chai,350.000,12\n"
            ).encode("cp1252"),
        ),
    ],
    ids=["utf-16", "tcvn3", "vni"],
)
def test_other_encodings_are_named_and_converted_on_confirmation(lister, encoding, name, content) -> None:
    listing_import = upload(lister, content)

    page = html_of(lister.get(f"{URL}{listing_import.pk}/"))
    assert (listing_import.state, listing_import.rows.count()) == (ImportState.ENCODING, 0)
    assert name in page
    assert "Mật ong bạc hà" in page

    post(lister, f"{URL}{listing_import.pk}/bang-ma/", {"encoding": encoding})
    listing_import.refresh_from_db()
    assert listing_import.state == ImportState.READY
    confirm(lister, listing_import)

    assert Product.objects.get().name == "Mật ong bạc hà"
    assert Variant.objects.get().name == "Chai lớn"


def test_workbook_typed_with_an_old_font_is_converted(lister) -> None:
    content = as_xlsx_file(["MO-01", "MËt ong b¹c hµ rõng giµ", "", "chai", 350_000, 12])

    listing_import = upload(lister, content, "hang.xlsx")

    assert (listing_import.state, listing_import.encoding) == (ImportState.ENCODING, "tcvn3")
    assert listing_import.sample[0][:2] == ["MO-01", "Mật ong bạc hà rừng già"]


def test_price_of_ten_times_is_asked_about(lister, seller) -> None:
    variant = make_variant(seller, name="Mật ong", price=350_000)
    other = make_variant(seller, name="Miến dong", price=60_000)
    headings = ["Mã hàng", "Tên sản phẩm", "Giá mỗi đơn vị bán"]
    rows = [[f"CP-{variant.pk}", "Mật ong", "3500000"], [f"CP-{other.pk}", "Miến dong", "60000000"]]
    listing_import = upload(lister, as_csv_file(*rows, headings=headings))
    question, unanswered = listing_import.rows.order_by("row_number")
    assert (question.state, unanswered.state) == (ImportRowState.QUESTION, ImportRowState.QUESTION)
    assert "3.500.000" in question.question

    confirm(lister, listing_import)
    assert ListingImport.objects.get(pk=listing_import.pk).state == ImportState.READY
    confirm(lister, listing_import, question)

    assert Price.objects.get(variant=variant).amount == 3_500_000
    assert Price.objects.get(variant=other).amount == 60_000


def test_questions_that_are_not_shown_are_counted_and_answered_together(lister, seller, monkeypatch) -> None:
    monkeypatch.setattr("shop.members.catalogue.imports.SHOWN_ROWS", 1)
    variants = [make_variant(seller, name=name, price=60_000) for name in ("Miến dong", "Măng khô")]
    headings = ["Mã hàng", "Tên sản phẩm", "Giá mỗi đơn vị bán"]
    rows = [[f"CP-{variant.pk}", "", "600000"] for variant in variants]
    listing_import = upload(lister, as_csv_file(*rows, headings=headings))

    page = html_of(lister.get(f"{URL}{listing_import.pk}/"))
    assert page.count('name="answered"') == 1
    assert "1 dòng đầu trong 2 dòng." in page
    assert 'name="all_answered"' in page
    post(lister, f"{URL}{listing_import.pk}/xac-nhan/", {"all_answered": "on"})

    assert set(Price.objects.values_list("amount", flat=True)) == {600_000}


def test_changed_texts_of_an_approved_product_wait_for_review(lister, seller) -> None:
    variant = make_variant(seller, name="Mật ong", price=350_000)
    seller.legal_name, seller.registration_number, seller.phone = "HTX Thiên An", "0123", "0912345678"
    seller.return_terms = "Đổi trong 24 giờ"
    seller.save()
    picture = Picture.objects.create(original="a.jpg", state=PictureState.READY)
    ProductMedia.objects.create(product=variant.product, picture=picture)
    headings = ["Mã hàng", "Tên sản phẩm", "Giá mỗi đơn vị bán", "Mô tả sản phẩm", "Tháng có hàng"]
    content = as_csv_file(
        [f"CP-{variant.pk}", "Mật ong", "360000", "Ong nuôi trên đá.", "11-1"], headings=headings
    )

    confirm(lister, upload(lister, content))

    product = Product.objects.get()
    assert (product.description_text, product.months) == ("", [1, 11, 12])
    assert ProductRevision.objects.get().values["description_text"] == "Ong nuôi trên đá."
    assert Price.objects.get(variant=variant).amount == 360_000
    repeated = upload(lister, content)
    assert list(repeated.rows.values_list("state", flat=True)) == [ImportRowState.UNCHANGED]


def test_row_that_is_refused_meanwhile_says_so_and_the_others_are_saved(lister, seller) -> None:
    variant = make_variant(seller, name="Mật ong", price=350_000)
    listing_import = upload(
        lister,
        as_csv_file([*HONEY[:4], "350000", "1"], [f"CP-{variant.pk}", "Mật ong", "", "chai", "340.000", "3"]),
    )
    Product.objects.filter(pk=variant.product_id).update(removed_at=NOW)

    confirm(lister, listing_import)

    states = listing_import.rows.order_by("row_number").values_list("state", flat=True)
    assert list(states) == [ImportRowState.DONE, ImportRowState.REFUSED]
    assert "Không tìm thấy" in html_of(lister.get(f"{URL}{listing_import.pk}/"))
    assert Price.objects.get(variant=variant).amount == 350_000


def test_row_that_fails_unexpectedly_is_named_and_the_others_are_saved(lister) -> None:
    listing_import = upload(lister, as_csv_file(HONEY, ["MIEN-01", "Miến dong", "", "kg", "60.000", "5"]))
    row = listing_import.rows.get(row_number=2)
    row.values["on_hand"] = "many"
    row.save()

    confirm(lister, listing_import)

    states = listing_import.rows.order_by("row_number").values_list("state", flat=True)
    assert list(states) == [ImportRowState.REFUSED, ImportRowState.DONE]
    listing_import.refresh_from_db()
    assert listing_import.state == ImportState.DONE
    assert "Hệ thống gặp lỗi khi lưu dòng này." in html_of(lister.get(f"{URL}{listing_import.pk}/"))
    assert Product.objects.get().name == "Miến dong"


def test_new_option_brings_the_row_of_its_product_up_to_date(lister, seller) -> None:
    category = make_category("Đồ uống")
    variant = make_variant(seller, name="Mật ong", state=ListingState.DRAFT)
    headings = [*HEADINGS, "Danh mục", "Tháng có hàng", "Xuất xứ"]
    row = ["MO-02", "mat ong", "Chai nhỏ", "chai", "180.000", "5", "Đồ uống", "6-8", "Đồng Văn"]

    confirm(lister, upload(lister, as_csv_file(row, headings=headings)))

    product = Product.objects.get()
    assert (product.pk, product.name) == (variant.product_id, "Mật ong")
    assert product.variants.filter(seller_code="MO-02").count() == 1
    assert (product.category, product.months, product.origin) == (category, [6, 7, 8], "Đồng Văn")


def test_codes_are_those_of_one_cooperative(lister, seller) -> None:
    other = make_seller("HTX Yến Dương")
    foreign = make_variant(other, name="Miến dong", seller_code="MO-01")
    rows = [HONEY, [f"CP-{foreign.pk}", "Miến dong", "", "kg", "1.000", "1"]]

    listing_import = upload(lister, as_csv_file(*rows))
    confirm(lister, listing_import)

    assert [cell for cell, _text in problems_of(listing_import)] == ["A3"]
    assert Variant.objects.filter(seller_code="MO-01").count() == 2
    assert Price.objects.get(variant=foreign).amount == 320_000


def test_foreign_import_looks_like_a_missing_one(client, lister, seller) -> None:
    listing_import = upload(lister, as_csv_file(HONEY))
    client.force_login(make_member(make_seller("HTX Yến Dương"), Role.LISTER))

    answers = [
        client.get(f"{URL}{listing_import.pk}/"),
        client.post(f"{URL}{listing_import.pk}/xac-nhan/"),
        client.post(f"{URL}{listing_import.pk}/bang-ma/", {"encoding": "vni"}),
        client.post(f"{URL}{listing_import.pk}/bo/"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]
    assert ListingImport.objects.get().state == ImportState.READY


def test_number_of_files_in_an_hour_is_limited(lister, seller) -> None:
    for _number in range(IMPORT_LIMIT.max_tries):
        IMPORT_LIMIT.count_try(str(seller.pk))

    response = lister.post(URL, {"file": SimpleUploadedFile("hang.csv", as_csv_file(HONEY))})

    assert "Đã thử quá nhiều lần." in html_of(response)
    assert ListingImport.objects.count() == 0


def test_discarded_file_leaves_nothing(lister) -> None:
    listing_import = upload(lister, as_csv_file(HONEY))

    lister.post(f"{URL}{listing_import.pk}/bo/")

    assert (ListingImport.objects.count(), Product.objects.count()) == (0, 0)


def test_packer_may_not_import(packer) -> None:
    assert packer.get(URL).status_code == 403


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b\n1,2\n", "Thiếu dòng tiêu đề"),
        (as_csv_file(headings=HEADINGS[1:]), "Thiếu cột mã"),
        (as_csv_file(headings=[*HEADINGS, "Mã hàng"]), "hai lần"),
        (b"PK\x03\x04 no zip", "Không đọc được tệp này"),
        (b"\xff\xd8\xff\xe0 a photo \x81", "Không đọc được tệp này"),
    ],
    ids=["no headings", "no codes", "twice", "broken", "photo"],
)
def test_unusable_file_is_answered_in_words(lister, content, words) -> None:
    listing_import = upload(lister, content)

    assert listing_import.state == ImportState.FAILED
    assert words in html_of(lister.get(f"{URL}{listing_import.pk}/"))


def make_many_rows(count: int) -> bytes:
    return as_csv_file(
        *([f"SP-{number}", f"Rau {number}", "", "bó", "12.000", "3"] for number in range(count))
    )


def test_file_of_more_than_twenty_thousand_products_is_refused_in_words(lister) -> None:
    listing_import = upload(lister, make_many_rows(20_001))

    assert (listing_import.state, listing_import.rows.count()) == (ImportState.FAILED, 0)
    assert "Tệp quá lớn. Hãy chia thành nhiều tệp." in html_of(lister.get(f"{URL}{listing_import.pk}/"))


@pytest.mark.long
def test_file_of_twenty_thousand_products_is_accepted(lister, record_property) -> None:
    content = make_many_rows(20_000)
    began = time.monotonic()
    listing_import = upload(lister, content)
    seconds = time.monotonic() - began

    page = html_of(lister.get(f"{URL}{listing_import.pk}/"))
    record_property(FIGURE, f"a file of 20,000 products was checked in {seconds:.0f} s")
    assert (listing_import.state, listing_import.rows.count()) == (ImportState.READY, 20_000)
    assert "20000 phân loại mới" in page
    assert len(page) < 200_000  # the page shows the first rows only


def test_large_file_is_checked_and_written_in_batches_by_one_worker(seller) -> None:
    now = timezone.now() - datetime.timedelta(hours=1)  # the task reads the clock
    user = make_member(seller, Role.LISTER)
    rows = [[f"SP-{number}", f"Rau {number}", "", "bó", "12.000", "3"] for number in range(150)]
    listing_import = import_listing_file(
        cooperative=seller,
        channel=make_channel(),
        file_name="rau.csv",
        content=as_csv_file(*rows),
        user=user,
        now=now,
    )
    ListingImport.objects.update(state=ImportState.WRITING, confirmed_at=now)

    assert write_next_rows(import_id=listing_import.pk, now=now)
    assert Product.objects.count() == 100
    ListingImport.objects.update(claimed_at=now)
    assert not write_next_rows(import_id=listing_import.pk, now=now)
    assert Product.objects.count() == 100
    resume_listing_imports_task()

    assert Product.objects.count() == 150
    listing_import.refresh_from_db()
    assert listing_import.state == ImportState.DONE


def test_import_is_deleted_after_thirty_days_without_reading_its_file(seller) -> None:
    user = make_member(seller, Role.LISTER)
    old, recent = (
        import_listing_file(
            cooperative=seller,
            channel=make_channel(),
            file_name="hang.csv",
            content=as_csv_file(HONEY),
            user=user,
            now=timezone.now() - datetime.timedelta(days=days),
        )
        for days in (31, 29)
    )

    with CaptureQueriesContext(connection) as queries:
        resume_listing_imports_task()

    assert list(ListingImport.objects.all()) == [recent]
    assert not old.rows.exists()
    assert not any('"content"' in query["sql"] for query in queries)


def test_unconfirmed_import_refuses_what_its_state_excludes(seller) -> None:
    user = make_member(seller, Role.LISTER)
    listing_import = import_listing_file(
        cooperative=seller,
        channel=make_channel(),
        file_name="hang.csv",
        content=as_csv_file(HONEY, encoding="utf-16"),
        user=user,
        now=NOW,
    )
    check_listing_import(import_id=listing_import.pk)

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        confirm_listing_import(
            cooperative=seller, import_id=listing_import.pk, actor=user.as_actor("members"), now=NOW
        )


def test_states_of_imports_are_reachable() -> None:
    assert unreachable_states(IMPORT_TRANSITIONS, first=ImportState.CHECKING) == set()
    first_states = {ImportRowState.QUESTION, ImportRowState.PROBLEM, ImportRowState.UNCHANGED}
    assert unreachable_states(IMPORT_ROW_TRANSITIONS, first=ImportRowState.QUESTION) == first_states - {
        ImportRowState.QUESTION
    }


def test_empty_months_keep_the_season(lister, seller) -> None:
    variant = make_variant(seller, name="Mật ong")
    headings = ["Mã hàng", "Tên sản phẩm", "Giá mỗi đơn vị bán", "Tháng có hàng"]

    confirm(lister, upload(lister, as_csv_file([f"CP-{variant.pk}", "", "330000", ""], headings=headings)))

    assert Product.objects.get().season == ALL_MONTHS
    assert Price.objects.get(variant=variant).amount == 330_000


def test_refused_texts_say_what_is_saved(lister, seller) -> None:
    """A published product without a photo cannot take new texts, but its price changes."""
    variant = make_variant(seller, name="Mật ong", price=350_000)
    headings = ["Mã hàng", "Tên sản phẩm", "Giá mỗi đơn vị bán", "Xuất xứ"]
    listing_import = upload(
        lister, as_csv_file([f"CP-{variant.pk}", "Mật ong", "360000", "Đồng Văn"], headings=headings)
    )

    confirm(lister, listing_import)

    row = listing_import.rows.get()
    assert row.state == ImportRowState.REFUSED
    assert row.refusal.startswith("Giá và phân loại đã lưu; phần mô tả sản phẩm chưa lưu: ")
    assert Price.objects.get(variant=variant).amount == 360_000


def test_check_reads_a_fixed_number_of_tables(seller, django_assert_max_num_queries) -> None:
    rows = [[f"SP-{number}", f"Rau {number}", "", "bó", "12.000", "3"] for number in range(40)]

    with django_assert_max_num_queries(22):
        import_listing_file(
            cooperative=seller,
            channel=make_channel(),
            file_name="rau.csv",
            content=as_csv_file(*rows),
            user=make_member(seller, Role.LISTER),
            now=NOW,
        )

    assert ListingImportRow.objects.filter(state=ImportRowState.WAITING).count() == 40


def test_each_missing_column_of_a_new_option_is_named(lister) -> None:
    headings = ["Mã hàng", "Tên sản phẩm", "Số lượng tồn kho"]

    listing_import = upload(lister, as_csv_file(["MO-01", "Mật ong", "3"], headings=headings))

    assert problems_of(listing_import) == [
        ("", "Đơn vị bán: phân loại mới bắt buộc phải có."),
        ("", "Giá mỗi đơn vị bán: phân loại mới bắt buộc phải có."),
    ]


TERMS_HEADINGS = [
    "Mã hàng",
    "Giá mỗi đơn vị bán",
    "Giá sỉ",
    "Giới hạn mỗi đơn",
    "Giới hạn mỗi người mua",
    "Số ngày tính giới hạn",
]


def terms_of(variant):
    """Return the price, wholesale prices and limits of an option."""
    price = Price.objects.with_wholesale_prices().get(variant=variant)
    variant.refresh_from_db()
    return (
        price.amount,
        [(tier.minimum_quantity, tier.amount) for tier in price.wholesale_tiers],
        variant.quantity_limit_per_order,
        variant.quantity_limit_per_customer,
        variant.quantity_limit_days,
    )


def upload_terms(lister, *rows):
    return upload(lister, as_csv_file(*rows, headings=TERMS_HEADINGS))


def test_wholesale_prices_and_limits_are_imported_and_exported_again(lister, seller) -> None:
    variant = make_variant(seller, name="Gừng tươi", price=15_000, unit="kg")
    code = f"CP-{variant.pk}"

    confirm(lister, upload_terms(lister, [code, "16.000", "từ 50: 12.000; 10: 13000", "60", "70", "7"]))
    assert terms_of(variant) == (16_000, [(10, 13_000), (50, 12_000)], 60, 70, 7)
    exported = list(csv.DictReader(io.StringIO(lister.get(f"{URL}san-pham.csv").content.decode("utf-8-sig"))))
    assert [exported[0][heading] for heading in TERMS_HEADINGS[2:]] == [
        "10: 13000; 50: 12000",
        "60",
        "70",
        "7",
    ]
    unchanged = upload_terms(lister, [code, "16000", "10: 13000; 50: 12000", "60", "70", "7"])
    assert unchanged.rows.get().state == ImportRowState.UNCHANGED
    confirm(lister, upload_terms(lister, [code, "", "", "", "", ""], [code + "0", "", "", "", "", ""]))
    assert terms_of(variant) == (16_000, [(10, 13_000), (50, 12_000)], 60, 70, 7)
    confirm(lister, upload_terms(lister, [code, "", "0", "0", "0", "0"]))

    assert terms_of(variant) == (16_000, [], None, None, None)


def test_row_without_a_price_does_not_bring_back_an_earlier_one(lister, seller, monkeypatch) -> None:
    variant = make_variant(seller, name="Gừng tươi", price=15_000)
    listing_import = upload_terms(lister, [f"CP-{variant.pk}", "", "10: 9000", "", "", ""])
    stated_tiers = write_rows.stated_tiers

    def change_price_meanwhile(values):
        Price.objects.filter(variant=variant).update(amount=12_000)
        return stated_tiers(values)

    monkeypatch.setattr(write_rows, "stated_tiers", change_price_meanwhile)
    confirm(lister, listing_import)

    assert terms_of(variant)[:2] == (12_000, [])
    assert listing_import.rows.get().state == ImportRowState.REFUSED


def test_new_option_has_the_wholesale_prices_and_limits_of_its_row(lister) -> None:
    headings = [*HEADINGS, *TERMS_HEADINGS[2:]]

    confirm(lister, upload(lister, as_csv_file([*HONEY, "6: 330.000", "12", "", ""], headings=headings)))

    variant = Variant.objects.get(seller_code="MO-01")
    assert terms_of(variant) == (350_000, [(6, 330_000)], 12, None, None)


def test_wholesale_prices_that_do_not_fit_are_named_with_their_cells(lister, seller) -> None:
    variants = [make_variant(seller, name=name, price=15_000) for name in "ABCDEFGH"]
    set_wholesale_prices(variants[3], {10: 13_000})
    variants[7].prices.all().delete()
    codes = [f"CP-{variant.pk}" for variant in variants]

    listing_import = upload_terms(
        lister,
        [codes[0], "", "10", "", "", ""],
        [codes[1], "", "10: 15000", "", "", ""],
        [codes[2], "", "10: 13000; 20: 14000", "", "", ""],
        [codes[3], "13000", "", "", "", ""],
        [codes[4], "", "", "", "", "7"],
        [codes[5], "", "10: 1300", "", "", ""],
        [codes[6], "", "10: 13000", "9", "", ""],
        [codes[7], "", "10: 13000", "", "", ""],
    )

    problems = problems_of(listing_import)
    assert [cell for cell, _text in problems] == ["C2", "C3", "C4", "B5", "F6", "C8", "C9"]
    assert "9 chiếc" in problems[5][1]
    question = listing_import.rows.get(row_number=7)
    assert (question.state, "từ 10 trở lên" in question.question) == (ImportRowState.QUESTION, True)
    confirm(lister, listing_import, question)
    assert terms_of(variants[5])[:2] == (15_000, [(10, 1_300)])
    assert terms_of(variants[3])[:2] == (15_000, [(10, 13_000)])
