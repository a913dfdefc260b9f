"""Messages as people write them, with exactly what is understood of each, and what is left to a person."""

from __future__ import annotations

import datetime
import sys
from collections import Counter

import pytest
from pytest_django import DjangoAssertNumQueries

from orders.pasted_messages.message_tokens import MAX_MESSAGE_LENGTH
from orders.pasted_messages.read_message import ReadMessage, read_message
from tests.orders.pasted_messages.message_table import as_row, load_catalogue, load_messages

DAY = datetime.date(2026, 12, 6)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_divisions")]


def test_every_message_is_read_as_the_table_says(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue, keys = load_catalogue()
    expected = load_messages()

    read = [read_message(row["text"], catalogue, day=DAY) for row in expected]

    rows = [as_row(row["text"], message, keys) for row, message in zip(expected, read, strict=True)]
    assert rows == [
        {column: value for column, value in row.items() if column != "remark"} for row in expected
    ]
    assert len(read) == 150
    shares = _count_shares(read)
    with capsys.disabled():
        sys.stdout.write("\nOf 150 messages: " + ", ".join(f"{n} {count}" for n, count in shares.items()))
    assert shares == SHARES


def test_a_message_takes_six_queries_whatever_its_length(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    catalogue, _keys = load_catalogue()
    text = "2 gói miến 500g, thôn Nà Ít, xã Vi Hương, Bạch Thông, Bắc Kạn\n" * 40

    with django_assert_num_queries(6):
        read_message("ok", catalogue, day=DAY)
    with django_assert_num_queries(6):
        read_message(text, catalogue, day=DAY)


@pytest.mark.parametrize("text", ["", " \n\n ", "\x00", "x" * 5000, "0" * 500, "," * 500, "1kg " * 1000])
def test_nonsense_is_read_without_goods(text: str) -> None:
    catalogue, _keys = load_catalogue()

    message = read_message(text, catalogue, day=DAY)

    assert not any(goods.options for goods in message.goods)
    assert not message.is_understood


def test_only_the_first_characters_are_read() -> None:
    catalogue, _keys = load_catalogue()
    text = "a " * (MAX_MESSAGE_LENGTH // 2) + "2 gói miến 500g"

    message = read_message(text, catalogue, day=DAY)

    assert message.goods == ()


def _count_shares(messages: list[ReadMessage]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for message in messages:
        counts["to confirm only"] += message.is_understood
        counts["with a phone number"] += bool(message.phones)
        counts["with a name"] += bool(message.name)
        counts["with one commune"] += bool(message.address and message.address.commune)
        counts["with goods"] += bool(message.goods)
        counts["with goods beyond doubt"] += bool(message.goods) and all(g.is_certain for g in message.goods)
        counts["with text left over"] += bool(message.unread)
        counts["goods"] += len(message.goods)
        counts["goods beyond doubt"] += sum(goods.is_certain for goods in message.goods)
    return dict(counts)


SHARES = {
    "to confirm only": 46,
    "with a phone number": 90,
    "with a name": 90,
    "with one commune": 71,
    "with goods": 139,
    "with goods beyond doubt": 89,
    "with text left over": 42,
    "goods": 218,
    "goods beyond doubt": 159,
}
