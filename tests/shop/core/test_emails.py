"""Likely mistakes in email addresses."""

from __future__ import annotations

import pytest

from shop.core.identifiers.emails import suggest_email


@pytest.mark.parametrize(
    ("entered", "likely"),
    [
        ("lan.nguyen@gmial.com", "lan.nguyen@gmail.com"),
        ("lan@gmail.con", "lan@gmail.com"),
        ("lan@gmail.co", "lan@gmail.com"),
        ("lan@gmai.com", "lan@gmail.com"),
        ("lan@Gmaill.com", "lan@gmail.com"),
        ("lan@yaho.com.vn", "lan@yahoo.com.vn"),
        ("lan@hotmial.com", "lan@hotmail.com"),
    ],
)
def test_address_with_one_slip_in_its_provider_suggests_the_provider(entered: str, likely: str) -> None:
    assert suggest_email(entered) == likely


@pytest.mark.parametrize(
    "entered",
    [
        "lan@gmail.com",
        "lan@ymail.com",
        "lan@mail.com",
        "lan@yahoo.com",
        "lan@htx.vn",
        "lan",
        "@gmial.com",
        "",
    ],
)
def test_right_or_unknown_provider_suggests_nothing(entered: str) -> None:
    assert suggest_email(entered) == ""
