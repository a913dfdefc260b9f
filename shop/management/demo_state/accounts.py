"""The demo's accounts. The passwords are public: for trials, never for a real market."""

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
    Account("admin", "quantri@example.com", "quan-tri-cho-2026", "Quản trị thử", "+84900000104"),
)
PUBLISHED_PASSWORDS = {account.email: account.password for account in ACCOUNTS}
