"""A stolen refresh token can read for thirty days, but change no money, permissions or settings."""

from __future__ import annotations

import datetime

import jwt
import pytest
from django.utils import timezone

from shop.accounts.models import Group, TokenFamily, User
from shop.accounts.staff.permissions import Permission
from shop.api import tokens
from shop.api.endpoint import built_schema
from shop.api.ids import global_id
from shop.api.signing_keys import ALGORITHM, read_signing_key
from shop.core.models import Change, ShopSettings
from tests.factories import PASSWORD, make_admin, make_staff
from tests.orders.gateway.card_order_helpers import make_paid_card_order, stripe
from tests.refusals import all_rows
from tests.shop.accounts.factors import give_app
from tests.shop.api.client import data_of, execute, post
from tests.shop.api.random_documents import Chance, make_document
from tests.shop.api.test_apps import create_app
from tests.shop.api.tokens import token_of

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db

# Refunds, payouts, reported payments, gift cards, roles, API apps and settings: as at the desk.
ASKS = set(
    """
    appActivate appCreate appDeactivate appDelete appTokenCreate appTokenDelete appUpdate
    channelActivate channelCreate channelDeactivate channelUpdate
    cooperativeSettlementClose orderFulfillmentRefundProducts orderFulfillmentReturnProducts
    orderGrantRefundCreate orderRefund payoutMarkPaid
    giftCardActivate giftCardAssignUser giftCardBalanceAdjust giftCardBulkActivate giftCardBulkCreate
    giftCardBulkDeactivate giftCardBulkDelete giftCardCreate giftCardDeactivate giftCardDelete giftCardResend
    giftCardSettingsUpdate giftCardUnassignUser giftCardUpdate
    permissionGroupCooperativesUpdate permissionGroupCreate permissionGroupDelete permissionGroupUpdate
    refundReasonReferenceClear refundSettingsUpdate returnReasonReferenceClear returnSettingsUpdate
    shopAddressUpdate shopSettingsUpdate
    staffBulkDelete staffCreate staffDelete staffUpdate
    taxClassCreate taxClassDelete taxClassUpdate taxConfigurationUpdate
    taxCountryConfigurationDelete taxCountryConfigurationUpdate
    transactionCreate transactionEventReport transactionUpdate
    """.split()
)
# Only the refund action needs a recent sign-in.
DEPENDS = {"transactionRequestAction"}
CREATE = """
    mutation($email: String!, $password: String!) {
        tokenCreate(email: $email, password: $password) { token refreshToken errors { code } }
    }
"""
REFRESH = "mutation($token: String!) { tokenRefresh(refreshToken: $token) { token errors { code } } }"
ADD_GROUP = """
    mutation { permissionGroupCreate(input: {name: "Kẻ gian", addPermissions: [MANAGE_STAFF]}) {
        group { name } errors { code }
    } }
"""
REQUEST = """
    mutation($id: ID!, $action: TransactionActionEnum!) {
        transactionRequestAction(id: $id, actionType: $action) { errors { code message } }
    }
"""


def signed_in_long_ago(user: User, minutes: int = 16) -> str:
    """Return an access token just renewed with a refresh token of an old sign-in."""
    token = data_of(CREATE, email=user.email, password=PASSWORD)["tokenCreate"]
    since = timezone.now() - datetime.timedelta(minutes=minutes)
    TokenFamily.objects.filter(user=user).update(created_at=since)
    return str(data_of(REFRESH, token=token["refreshToken"])["tokenRefresh"]["token"])


def codes_of(response: dict) -> list[tuple[str, str]]:
    """Return the codes that our clients and Saleor's Dashboard branch on."""
    extensions = [error["extensions"] for error in response.get("errors", ())]
    return [(extension["code"], extension["exception"]["code"]) for extension in extensions]


TOO_OLD = [("RecentSignInRequired", "InvalidTokenError")]


def test_renewed_token_of_an_old_sign_in_reads_but_creates_no_group() -> None:
    ShopSettings.objects.create(pk=1, requires_second_factor_of_staff=False)
    admin = make_admin()
    stolen = signed_in_long_ago(admin)
    before = all_rows()

    response = execute(ADD_GROUP, stolen)

    assert codes_of(response) == TOO_OLD
    assert response["data"] == {"permissionGroupCreate": None}
    assert response["errors"][0]["message"].startswith("Sign in again")
    assert all_rows() == before
    assert data_of("{ me { email } }", stolen) == {"me": {"email": admin.email}}


def test_signing_in_again_allows_changes() -> None:
    ShopSettings.objects.create(pk=1, requires_second_factor_of_staff=False)
    admin = make_admin()
    signed_in_long_ago(admin)

    fresh_tokens = data_of(CREATE, email=admin.email, password=PASSWORD)["tokenCreate"]
    renewed = data_of(REFRESH, token=fresh_tokens["refreshToken"])["tokenRefresh"]["token"]
    response = data_of(ADD_GROUP, renewed)

    assert response["permissionGroupCreate"] == {"group": {"name": "Kẻ gian"}, "errors": []}
    assert Change.objects.get(action="group.created").actor_key == str(admin.pk)


@pytest.mark.parametrize(
    ("minutes", "is_recent"), [(0, True), (14, True), (16, False), (60 * 24 * 29, False)]
)
def test_sign_in_is_recent_for_fifteen_minutes(minutes: int, is_recent: bool) -> None:
    response = execute(ADD_GROUP, token_of(make_admin(), minutes=minutes))

    assert codes_of(response) == ([] if is_recent else TOO_OLD)
    assert Group.objects.filter(name="Kẻ gian").exists() is is_recent


def test_token_without_a_sign_in_time_is_too_old() -> None:
    admin, now = make_admin(), timezone.now()
    claims = tokens.verified_claims(tokens.sign_access_token(admin, signed_in_at=now, now=now))
    key = read_signing_key()
    for auth_time in (None, "now", 1.5, True):
        forged = {name: value for name, value in claims.items() if name != "auth_time"}
        forged |= {} if auth_time is None else {"auth_time": auth_time}
        token = jwt.encode(forged, key.private, algorithm=ALGORITHM, headers={"kid": key.kid})

        assert codes_of(execute(ADD_GROUP, token)) == TOO_OLD, auth_time
    assert not Group.objects.exists()


def test_sign_in_before_the_second_factor_is_too_old() -> None:
    admin = make_admin()
    before = token_of(admin, minutes=2)
    give_app(admin)
    User.objects.filter(pk=admin.pk).update(second_factor_since=timezone.now())

    assert codes_of(execute(ADD_GROUP, before)) == TOO_OLD
    assert codes_of(execute(ADD_GROUP, token_of(admin))) == []


def test_missing_permission_is_reported_first() -> None:
    token = token_of(make_staff(Permission.MANAGE_PRODUCTS), minutes=16)

    assert codes_of(execute(ADD_GROUP, token)) == [("PermissionDenied", "PermissionDenied")]


def test_apps_need_no_recent_sign_in() -> None:
    _app, response = create_app("MANAGE_STAFF")

    assert codes_of(execute(ADD_GROUP, response["authToken"])) == []
    assert Group.objects.filter(name="Kẻ gian").exists()


def test_only_refunds_of_card_actions_need_a_recent_sign_in(stripe) -> None:
    order = make_paid_card_order(stripe)
    payment = global_id("TransactionItem", order.payments.get().pk)
    old_token = token_of(make_admin(), minutes=16)
    before = all_rows()

    refund = execute(REQUEST, old_token, id=payment, action="REFUND")
    capture = execute(REQUEST, old_token, id=payment, action="CHARGE")

    assert codes_of(refund) == TOO_OLD
    assert codes_of(capture) == []
    assert all_rows() == before  # nothing is authorised, so the payload refuses the capture
    assert capture["data"]["transactionRequestAction"]["errors"] != []


def executed_answer(name: str, token: str) -> dict:
    """Return the answer to a mutation with made-up arguments that the schema accepts."""
    schema = built_schema().schema
    for seed in range(40):
        text = make_document(schema, "mutation", name, Chance(f"{name} {seed}", {}), 1)
        response = post({"query": text}, token=token)
        if response.status_code == 200:
            return response.json()
    raise AssertionError(name)


def test_every_mutation_is_listed_as_protected_or_not() -> None:
    names = sorted(set(built_schema().schema.mutation_type.fields) - DEPENDS)

    # Each by an administrator of its own: some mutations end the tokens of their sender.
    tokens_by_name = {name: token_of(make_admin(), minutes=16) for name in names}
    protected_names = {
        name for name in names if codes_of(executed_answer(name, tokens_by_name[name])) == TOO_OLD
    }

    assert protected_names == ASKS
