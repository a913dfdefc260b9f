"""Roles and the members' tabs: no link is refused, and no right is without a page."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils.html import escape
from django.utils.translation import override

from cooperatives.access import ROLE_RIGHTS, MemberRight
from cooperatives.models import Role
from shop.members.cooperative.roles import RIGHT_TEXTS
from tests.factories import make_member, make_variant
from tests.markup import html_of

pytestmark = pytest.mark.django_db

_PAGES_BY_RIGHT = {
    MemberRight.SEE_ORDERS: "/xa-vien/",
    MemberRight.LIST: "/xa-vien/hang/",
    MemberRight.COUNT_STOCK: "/xa-vien/kho/",
    MemberRight.PACK: "/xa-vien/goi/",
    MemberRight.SELL: "/xa-vien/quay/",
    MemberRight.HANDLE_CASH: "/xa-vien/tien-mat/",
    MemberRight.SEE_SETTLEMENTS: "/xa-vien/quyet-toan/",
    MemberRight.MANAGE: "/xa-vien/thanh-vien/",
}


def links(page: str) -> set[str]:
    """Return the addresses that a page links to, without tabs that scripts show by the member's rights."""
    page = re.sub(r"<a\b[^>]*\sdata-rights=[^>]*>", "", page)
    return set(re.findall(r'href="(/xa-vien/[^"#?]*)', page)) - {"/xa-vien/app.webmanifest"}


def linked_pages(client: Client) -> set[str]:
    """Return every address within two steps of the start page, following tabs and links."""
    seen_links = links(html_of(client.get("/xa-vien/"))) | {"/xa-vien/"}
    for address in sorted(seen_links):
        seen_links |= links(html_of(client.get(address)))
    return seen_links


@pytest.mark.parametrize("role", Role)
def test_no_tab_or_link_of_a_role_is_refused(client, seller, role) -> None:
    make_variant(seller)
    client.force_login(make_member(seller, role))

    statuses = {address: client.get(address).status_code for address in linked_pages(client)}

    assert {address: status for address, status in statuses.items() if status in (403, 404)} == {}


@pytest.mark.parametrize("role", Role)
def test_every_right_of_a_role_has_a_page_that_it_reaches(client, seller, role) -> None:
    client.force_login(make_member(seller, role))

    reached = linked_pages(client)

    rights = ROLE_RIGHTS[role]
    assert {right for right in rights if _PAGES_BY_RIGHT[right] not in reached} == set()
    refused = {right for right, address in _PAGES_BY_RIGHT.items() if client.get(address).status_code == 403}
    assert refused == set(MemberRight) - rights


@pytest.mark.parametrize("reader", Role)
def test_page_of_roles_says_what_the_table_of_rights_says(client, seller, reader) -> None:
    client.force_login(make_member(seller, reader))

    page = html_of(client.get("/en/xa-vien/thanh-vien/vai-tro/"))

    for role in Role:
        section = page.partition(f'aria-labelledby="role-{role.value}"')[2].partition("</section>")[0]
        allowed, _heading, refused = section.partition("Not allowed")
        with override("en"):
            texts = {right: escape(str(text)) for right, text in RIGHT_TEXTS.items()}
        assert {right for right, text in texts.items() if text in allowed} == ROLE_RIGHTS[role]
        assert {right for right, text in texts.items() if text in refused} == set(texts) - ROLE_RIGHTS[role]
        assert ("your role" in section) == (role == reader)


@pytest.mark.once
def test_every_right_has_a_text() -> None:
    assert set(RIGHT_TEXTS) == set(MemberRight)
