"""Codes and comments of a livestream."""

from __future__ import annotations

from orders.pasted_messages.goods import ReadGoods, read_goods
from orders.pasted_messages.livestream import gather_comments, read_codes, with_codes
from orders.pasted_messages.message_tokens import split_message
from tests.orders.pasted_messages.message_table import load_catalogue

CODES = """M12 = miến dong gói 500g
m3: mật ong 1 lít
G1 gối cổ đỏ
Q2 - quýt
không có mã"""


def read(text: str) -> list[tuple[str, list[tuple[str, int]], list[str]]]:
    catalogue, keys = load_catalogue()
    coded = with_codes(catalogue, read_codes(CODES, catalogue))

    def shown(goods: ReadGoods) -> tuple[str, list[tuple[str, int]], list[str]]:
        options = [(keys[option.variant_id], option.quantity) for option in goods.options]
        return goods.text, options, sorted(goods.doubts)

    return [shown(goods) for goods in read_goods(split_message(text), coded)]


def test_codes_name_one_pack_each_and_the_rest_is_shown() -> None:
    catalogue, keys = load_catalogue()

    codes = read_codes(CODES, catalogue)

    assert {code: keys[key] for code, key in codes.variants.items()} == {
        "M12": "mien-500",
        "M3": "mat-1l",
        "G1": "goi-co-do",
    }
    assert codes.unclear == ("Q2 - quýt", "không có mã")


def test_comments_ask_by_code() -> None:
    assert read("M12 x2 - 0912555777") == [
        ("M12 x2", [("mien-500", 2)], []),
    ]
    assert read("m12x3 m3") == [("m12x3", [("mien-500", 3)], []), ("m3", [("mat-1l", 1)], [])]
    assert read("chốt 2 M12, 1 g1") == [("2 M12", [("mien-500", 2)], []), ("1 g1", [("goi-co-do", 1)], [])]
    assert read("M12 2 gói, 1kg gừng") == [
        ("M12 2 gói", [("mien-500", 2)], []),
        ("1kg gừng", [("gung", 1)], []),
    ]
    assert read("M12 2 con") == [("M12 2 con", [("mien-500", 2)], ["not_whole"])]
    assert read("M99 x2") == []
    assert read("chị ơi\n(M12) x2") == [("M12) x2", [("mien-500", 2)], [])]
    assert read("XM12 x2") == [("XM12 x2", [], ["unknown_goods"])]


def test_comments_are_gathered_by_phone_or_name() -> None:
    text = """Lan Anh: M12 x2 - 0912 555 777
Hùng Trần: m3
chốt G1 0912555777
Hùng Trần: 0988 111 222 nhé shop

sđt: 0977 333 444 lấy G1
G1"""

    buyers = gather_comments(text)

    assert [(buyer.name, buyer.phone, buyer.comments) for buyer in buyers] == [
        ("Lan Anh", "+84912555777", ["M12 x2 - 0912 555 777", "chốt G1 0912555777"]),
        ("Hùng Trần", "+84988111222", ["m3", "0988 111 222 nhé shop"]),
        ("", "+84977333444", ["sđt: 0977 333 444 lấy G1"]),
        ("", "", ["G1"]),
    ]
    assert buyers[1].message == "Tên: Hùng Trần\nm3\n0988 111 222 nhé shop"
