"""The page types of the reasons of refunds and returns."""

from __future__ import annotations

import pytest

from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.content.models import PageType, ReasonPageType
from shop.core.models import Change
from tests.factories import make_admin, make_staff, make_user
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

READ = """{
  refundSettings { reasonReferenceType { id name } }
  returnSettings { reasonReferenceType { id name } }
}"""
SET = """mutation($id: ID!) {{ {kind}SettingsUpdate(input: {{{kind}ReasonReferenceType: $id}}) {{
  {kind}Settings {{ reasonReferenceType {{ slug }} }}
  {kind}SettingsErrors {{ code }} errors {{ field code }} }} }}"""
CLEAR = """mutation {{ {kind}ReasonReferenceClear {{
  {kind}Settings {{ reasonReferenceType {{ slug }} }} errors {{ field code }} }} }}"""


def change_type(kind, page_type_id, token=None):
    data = data_of(SET.format(kind=kind), token or token_of(make_admin()), id=page_type_id)
    return data[f"{kind}SettingsUpdate"]


@pytest.mark.parametrize("kind", ["refund", "return"])
def test_page_type_of_reasons_is_chosen_changed_and_cleared(kind) -> None:
    faults = PageType.objects.create(slug="loi-hang", name="Lỗi hàng")
    wishes = PageType.objects.create(slug="doi-y", name="Đổi ý")
    token = token_of(make_staff(Permission.MANAGE_SETTINGS))

    answers = [
        change_type(kind, global_id("PageType", page_type.pk), token)
        for page_type in (faults, wishes, wishes)
    ]
    chosen = data_of(READ)
    cleared = [data_of(CLEAR.format(kind=kind), token)[f"{kind}ReasonReferenceClear"] for _ in range(2)]

    def payload(slug):
        settings = {"reasonReferenceType": {"slug": slug}}
        return {f"{kind}Settings": settings, f"{kind}SettingsErrors": [], "errors": []}

    assert answers == [payload("loi-hang"), payload("doi-y"), payload("doi-y")]
    other = "return" if kind == "refund" else "refund"
    assert chosen == {
        f"{kind}Settings": {"reasonReferenceType": {"id": global_id("PageType", wishes.pk), "name": "Đổi ý"}},
        f"{other}Settings": {"reasonReferenceType": None},
    }
    assert cleared == [{f"{kind}Settings": {"reasonReferenceType": None}, "errors": []}] * 2
    changes = Change.objects.order_by("pk").values_list("action", "key", "data")
    assert list(changes) == [
        ("pagetype.reasons_assigned", str(faults.pk), {"reasons": kind}),
        ("pagetype.reasons_unassigned", str(faults.pk), {"reasons": kind}),
        ("pagetype.reasons_assigned", str(wishes.pk), {"reasons": kind}),
        ("pagetype.reasons_unassigned", str(wishes.pk), {"reasons": kind}),
    ]


@pytest.mark.parametrize(
    ("kind", "page_type_id", "code"),
    [
        ("refund", "", "REQUIRED"),
        ("refund", "x", "GRAPHQL_ERROR"),
        ("refund", global_id("Page", 1), "GRAPHQL_ERROR"),
        ("refund", global_id("PageType", 987_654), "INVALID"),
        ("return", "", "REQUIRED"),
        ("return", global_id("PageType", 987_654), "NOT_FOUND"),
    ],
)
def test_invalid_page_type_changes_nothing(kind, page_type_id, code) -> None:
    chosen = PageType.objects.create(slug="loi-hang", name="Lỗi hàng")
    ReasonPageType.objects.create(kind=kind, page_type=chosen)
    token = token_of(make_admin())
    before = all_rows()

    payload = change_type(kind, page_type_id, token)

    assert payload["errors"] == [{"field": f"{kind}ReasonReferenceType", "code": code}]
    assert payload[f"{kind}Settings"] is None
    assert all_rows() == before


@pytest.mark.parametrize("kind", ["refund", "return"])
def test_only_staff_who_manage_settings_choose_reasons(kind) -> None:
    page_type = PageType.objects.create(slug="loi-hang", name="Lỗi hàng")
    set_type = SET.format(kind=kind), global_id("PageType", page_type.pk)
    tokens = [None, token_of(make_user()), token_of(make_staff(Permission.MANAGE_ORDERS))]
    before = all_rows()

    refusals = [execute(set_type[0], token, id=set_type[1]) for token in tokens]
    refusals += [execute(CLEAR.format(kind=kind), token) for token in tokens]

    messages = {error["message"] for refusal in refusals for error in refusal["errors"]}
    assert messages == {"Permission denied: this needs one of MANAGE_SETTINGS."}
    assert all_rows() == before


def test_deleted_page_type_is_no_longer_chosen() -> None:
    page_type = PageType.objects.create(slug="loi-hang", name="Lỗi hàng")
    ReasonPageType.objects.create(kind="refund", page_type=page_type)

    deleted = data_of(
        "mutation($id: ID!) { pageTypeDelete(id: $id) { errors { code } } }",
        token_of(make_admin()),
        id=global_id("PageType", page_type.pk),
    )

    assert deleted == {"pageTypeDelete": {"errors": []}}
    assert data_of(READ)["refundSettings"] == {"reasonReferenceType": None}
