"""The demo's accounts. Their passwords are public, so they are for trials and never for a real market."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """A demo account. `cooperative` is the slug of a member's cooperative."""

    role: str
    email: str
    password: str
    name: str
    phone: str
    cooperative: str = ""


# The admin's colleague, so that there is a second person to propose and confirm.
COLLEAGUE = Account("admin", "ketoan@example.com", "ke-toan-cho-2026", "Kế toán thử", "+84900000105")
ACCOUNTS = (
    Account("buyer", "nguoimua@example.com", "phien-cho-2026", "Người mua thử", "+84900000101"),
    Account(
        "member",
        "thienan@example.com",
        "goi-thao-duoc-2026",
        "Thành viên thử",
        "+84900000102",
        "htx-thien-an",
    ),
    Account(
        "member",
        "yenduong@example.com",
        "bi-xanh-thom-2026",
        "Thành viên thử",
        "+84900000103",
        "htx-yen-duong",
    ),
    COLLEAGUE,
    Account("admin", "quantri@example.com", "quan-tri-cho-2026", "Quản trị thử", "+84900000104"),
)
PUBLISHED_PASSWORDS = {account.email: account.password for account in ACCOUNTS}
