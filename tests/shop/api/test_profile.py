"""Users change their own name, language, addresses and metadata over the API."""

from __future__ import annotations

import pytest

from shop.accounts.models import Address, Group, GroupPermission
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.models import Change
from tests.factories import (
    HANOI,
    PASSWORD,
    THAI_NGUYEN,
    make_admin,
    make_channel,
    make_divisions,
    make_user,
)
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

ADDRESS = "id firstName streetAddress1 city countryArea postalCode phone country { code country }"
CREATE = f"""
    mutation($input: AddressInput!, $type: AddressTypeEnum) {{
        accountAddressCreate(input: $input, type: $type) {{
            address {{ {ADDRESS} }}
            user {{ addresses {{ id }} defaultShippingAddress {{ id }} defaultBillingAddress {{ id }} }}
            errors {{ field code addressType }}
        }}
    }}
"""
UPDATE = f"""
    mutation($id: ID!, $input: AddressInput!) {{
        accountAddressUpdate(id: $id, input: $input) {{ address {{ {ADDRESS} }} errors {{ field code }} }}
    }}
"""
DELETE = """
    mutation($id: ID!) {
        accountAddressDelete(id: $id) { address { id } user { addresses { id } } errors { field code } }
    }
"""
SET_DEFAULT_ADDRESS = """
    mutation($id: ID!, $type: AddressTypeEnum!) {
        accountSetDefaultAddress(id: $id, type: $type) {
            user { defaultShippingAddress { id isDefaultShippingAddress isDefaultBillingAddress } }
            errors { field code }
        }
    }
"""
ADDRESS_INPUT = {
    "firstName": "Bàn Thị Hoa",
    "streetAddress1": "Thôn Nà Lốc, số 5",
    "city": "Xã Phủ Thông",
    "countryArea": "thai nguyen",
    "country": "VN",
    "phone": "0912 345 678",
}


def errors_of(payload):
    return [(error["field"], error["code"]) for error in payload["errors"]]


@pytest.fixture
def user_with_address():
    """Return a user with one address."""
    user = make_user()
    row = Address.objects.create(user=user, street_address_1="Phố Huế 1", city="Phường Cửa Nam", country="VN")
    return user, row


def test_address_is_saved_with_province_and_commune_codes() -> None:
    make_divisions()
    user = make_user()

    payload = data_of(CREATE, token_of(user), input=ADDRESS_INPUT, type="SHIPPING")["accountAddressCreate"]

    saved = user.addresses.get()
    assert payload == {
        "address": {
            "id": global_id("Address", saved.pk),
            "firstName": "Bàn Thị Hoa",
            "streetAddress1": "Thôn Nà Lốc, số 5",
            "city": "Xã Phủ Thông",
            "countryArea": "Thái Nguyên",
            "postalCode": "",
            "phone": "+84912345678",
            "country": {"code": "VN", "country": "Việt Nam"},
        },
        "user": {
            "addresses": [{"id": global_id("Address", saved.pk)}],
            "defaultShippingAddress": {"id": global_id("Address", saved.pk)},
            "defaultBillingAddress": None,
        },
        "errors": [],
    }
    assert saved.province_code == THAI_NGUYEN
    assert saved.commune_code != ""
    assert Change.objects.of_row(saved).get().action == "address.created"


@pytest.mark.parametrize(
    ("invalid_values", "errors"),
    [
        ({"streetAddress1": " "}, [("streetAddress1", "REQUIRED")]),
        ({"city": ""}, [("city", "REQUIRED")]),
        ({"country": None}, [("country", "REQUIRED")]),
        ({"countryArea": "California"}, [("countryArea", "INVALID")]),
        ({"postalCode": "12"}, [("postalCode", "INVALID")]),
        ({"phone": "0900 000 20"}, [("phone", "INVALID")]),
        ({"phone": "12ab"}, [("phone", "INVALID")]),
        ({"phone": "1900 1234"}, [("phone", "INVALID")]),
        ({"firstName": "x" * 257}, [("firstName", "INVALID")]),
        ({"country": "US"}, [("countryArea", "INVALID"), ("postalCode", "REQUIRED")]),
        ({"country": "US", "countryArea": "CA", "postalCode": "x"}, [("postalCode", "INVALID")]),
    ],
)
def test_invalid_address_is_refused_with_an_error_per_field(invalid_values, errors) -> None:
    make_divisions()
    token = token_of(make_user())
    before = all_rows()

    payload = data_of(CREATE, token, input=ADDRESS_INPUT | invalid_values, type="BILLING")[
        "accountAddressCreate"
    ]

    assert (payload["address"], payload["user"]) == (None, None)
    reported = [(error["field"], error["code"], error["addressType"]) for error in payload["errors"]]
    assert sorted(reported) == [(field, code, "BILLING") for field, code in errors]
    assert all_rows() == before


def test_foreign_address_is_normalised() -> None:
    input_data = {
        "streetAddress1": "1600 Amphitheatre Parkway",
        "city": "Mountain View",
        "countryArea": "California",
        "postalCode": "94043",
        "country": "US",
    }

    payload = data_of(CREATE, token_of(make_user()), input=input_data)["accountAddressCreate"]

    assert (payload["address"]["city"], payload["address"]["countryArea"]) == ("MOUNTAIN VIEW", "CA")


def test_skipping_address_validation_requires_permission() -> None:
    input_data = {"city": "", "country": "VN", "skipValidation": True}

    refused = execute(CREATE, token_of(make_user()), input=input_data)

    assert refused["data"] == {"accountAddressCreate": None}
    assert refused["errors"][0]["extensions"]["code"] == "PermissionDenied"
    assert Address.objects.count() == 0


def test_address_update_changes_only_given_fields(user_with_address) -> None:
    user, row = user_with_address
    make_divisions()

    input_data = {"streetAddress1": "Phố Huế 2", "countryArea": "Hà Nội"}
    data = data_of(UPDATE, token_of(user), id=global_id("Address", row.pk), input=input_data)

    changed = data["accountAddressUpdate"]["address"]
    assert (changed["streetAddress1"], changed["city"]) == ("Phố Huế 2", "Phường Cửa Nam")
    assert changed["countryArea"] == "Hà Nội"
    row.refresh_from_db()
    assert (row.street_address_1, row.province_code) == ("Phố Huế 2", HANOI)


def test_default_address_is_set_and_deleted(user_with_address) -> None:
    user, row = user_with_address
    key = global_id("Address", row.pk)
    token = token_of(user)

    chosen = data_of(SET_DEFAULT_ADDRESS, token, id=key, type="SHIPPING")["accountSetDefaultAddress"]
    deleted = data_of(DELETE, token, id=key)["accountAddressDelete"]

    address_data = {"id": key, "isDefaultShippingAddress": True, "isDefaultBillingAddress": False}
    assert chosen == {"user": {"defaultShippingAddress": address_data}, "errors": []}
    assert deleted == {"address": {"id": key}, "user": {"addresses": []}, "errors": []}
    user.refresh_from_db()
    assert user.default_shipping_address_id is None


@pytest.mark.parametrize(
    ("query", "name", "variables"),
    [
        (UPDATE, "accountAddressUpdate", {"input": {}}),
        (DELETE, "accountAddressDelete", {}),
        (SET_DEFAULT_ADDRESS, "accountSetDefaultAddress", {"type": "BILLING"}),
    ],
)
def test_address_of_another_user_is_not_found(user_with_address, query, name, variables) -> None:
    _owner, row = user_with_address
    token = token_of(make_user())
    orders_copy = Address.objects.create(city="Hà Nội")
    before = all_rows()

    def errors(key):
        return errors_of(data_of(query, token, id=key, **variables)[name])

    assert errors(global_id("Address", row.pk)) == [("id", "NOT_FOUND")]
    assert errors(global_id("Address", orders_copy.pk)) == [("id", "NOT_FOUND")]
    assert errors(global_id("Address", 10**9)) == [("id", "NOT_FOUND")]
    assert errors(global_id("User", row.pk)) == errors("abc") == [("id", "GRAPHQL_ERROR")]
    assert all_rows() == before


UPDATE_ME = """
    mutation($input: AccountInput!, $customer: ID) {
        accountUpdate(input: $input, customerId: $customer) {
            user { firstName lastName languageCode metadata { key value } defaultBillingAddress { city } }
            errors { field code addressType }
        }
    }
"""


def test_account_update_changes_own_details() -> None:
    make_divisions()
    user = make_user(metadata={"a": "1"})
    input_data = {
        "firstName": "Hoa",
        "lastName": "Bàn",
        "languageCode": "EN_US",
        "metadata": [{"key": "b", "value": "2"}],
        "defaultBillingAddress": ADDRESS_INPUT,
    }

    payload = data_of(UPDATE_ME, token_of(user), input=input_data)["accountUpdate"]

    assert payload == {
        "user": {
            "firstName": "Hoa",
            "lastName": "Bàn",
            "languageCode": "EN_US",
            "metadata": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}],
            "defaultBillingAddress": {"city": "Xã Phủ Thông"},
        },
        "errors": [],
    }
    user.refresh_from_db()
    assert (user.first_name, user.last_name, user.language) == ("Hoa", "Bàn", "en-us")


def test_changing_billing_default_leaves_shared_shipping_default(user_with_address) -> None:
    make_divisions()
    user, row = user_with_address
    user.default_billing_address = user.default_shipping_address = row
    user.save()

    data_of(UPDATE_ME, token_of(user), input={"defaultBillingAddress": ADDRESS_INPUT})

    user.refresh_from_db()
    assert user.default_shipping_address_id == row.pk
    assert user.default_billing_address.city == "Xã Phủ Thông"
    row.refresh_from_db()
    assert row.city == "Phường Cửa Nam"


def test_account_update_of_a_customer_requires_permission() -> None:
    customer, helper = make_user(), make_user(is_staff=True)
    key = global_id("User", customer.pk)

    refused = execute(UPDATE_ME, token_of(helper), input={"firstName": "Hoa"}, customer=key)
    group = Group.objects.create(name="Chăm sóc", is_platform_wide=True)
    GroupPermission.objects.create(group=group, code=Permission.IMPERSONATE_USER)
    group.users.add(helper)
    done = data_of(UPDATE_ME, token_of(helper), input={"firstName": "Hoa"}, customer=key)

    assert refused["errors"][0]["message"] == "Permission denied: this needs one of IMPERSONATE_USER."
    assert done["accountUpdate"]["user"]["firstName"] == "Hoa"


METADATA = """
    mutation($id: ID!, $input: [MetadataInput!]!) {
        updateMetadata(id: $id, input: $input) {
            item { __typename metadata { key value } metafield(key: "b") metafields(keys: ["a", "c"]) }
            errors { field code }
        }
    }
"""


DELETE_METADATA = """
    mutation($id: ID!) {
        deleteMetadata(id: $id, keys: ["a"]) { item { metadata { key } } errors { code } }
    }
"""


def test_users_write_only_their_own_public_metadata() -> None:
    user, stranger = make_user(metadata={"a": "1"}), make_user()
    input_data = [{"key": "b", "value": "2"}]

    payload = data_of(METADATA, token_of(user), id=global_id("User", user.pk), input=input_data)[
        "updateMetadata"
    ]
    assert payload == {
        "item": {
            "__typename": "User",
            "metadata": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}],
            "metafield": "2",
            "metafields": {"a": "1"},
        },
        "errors": [],
    }
    for query in (METADATA, METADATA.replace("updateMetadata", "updatePrivateMetadata")):
        refused = execute(query, token_of(stranger), id=global_id("User", user.pk), input=input_data)
        assert refused["errors"][0]["extensions"]["code"] == "PermissionDenied"
    assert data_of(DELETE_METADATA, token_of(user), id=global_id("User", user.pk))["deleteMetadata"] == {
        "item": {"metadata": [{"key": "b"}]},
        "errors": [],
    }
    empty = [{"key": " ", "value": "x"}]
    refused = data_of(METADATA, token_of(user), id=global_id("User", user.pk), input=empty)
    assert errors_of(refused["updateMetadata"]) == [("input", "REQUIRED")]
    assert list(Change.objects.of_row(user).oldest_first().values_list("action", "data")) == [
        ("user.metadata_changed", {"put": ["b"], "removed": []}),
        ("user.metadata_changed", {"put": [], "removed": ["a"]}),
    ]


def test_user_query_requires_permission(django_assert_num_queries) -> None:
    user, staff = make_user(), make_user(is_staff=True)
    query = "query($id: ID) { user(id: $id) { email note privateMetadata { key } } }"
    key = global_id("User", user.pk)

    for person in (user, staff):
        response = execute(query, token_of(person), id=key)
        assert response["data"] == {"user": None}
        assert response["errors"][0]["extensions"]["code"] == "PermissionDenied"
    group = Group.objects.create(name="Chăm sóc", is_platform_wide=True)
    GroupPermission.objects.create(group=group, code=Permission.MANAGE_USERS)
    group.users.add(staff)
    token = token_of(staff)
    with django_assert_num_queries(3):
        user_data = data_of(query, token, id=key)["user"]
    assert user_data == {"email": user.email, "note": "", "privateMetadata": []}
    assert data_of(query, token, id=global_id("User", 10**9)) == {"user": None}
    by_email = "query($email: String) { user(email: $email) { id } }"
    assert data_of(by_email, token, email=user.email.upper()) == {"user": {"id": key}}
    (error,) = execute("{ user { id } }", token)["errors"]
    assert error["message"] == "A user is found by exactly one of `id`, `email` and `externalReference`."


PERMISSION_NAMES = {"MANAGE_ORDERS": "Đơn hàng", "MANAGE_PRODUCTS": "Sản phẩm"}


def test_staff_permissions_and_groups_in_me(django_assert_num_queries) -> None:
    channel, _other_channel = make_channel(), make_channel(slug="khac", name="Khác")
    staff = make_user(is_staff=True)
    group = Group.objects.create(name="Doanh số", is_restricted_to_channels=True, is_platform_wide=True)
    group.channels.add(channel)
    group.users.add(staff)
    for code in (Permission.MANAGE_PRODUCTS, Permission.MANAGE_ORDERS):
        GroupPermission.objects.create(group=group, code=code)
    query = """query($id: ID!) { me {
        userPermissions { code name sourcePermissionGroups(userId: $id) { name } }
        permissionGroups { name permissions { code } userCanManage accessibleChannels { slug } }
        accessibleChannels { slug } restrictedAccessToChannels editableGroups { name } avatar { url }
    } }"""

    with django_assert_num_queries(14):
        me = data_of(query, token_of(staff), id=global_id("User", staff.pk))["me"]

    assert me == {
        "userPermissions": [
            {"code": code, "name": name, "sourcePermissionGroups": [{"name": "Doanh số"}]}
            for code, name in PERMISSION_NAMES.items()
        ],
        "permissionGroups": [
            {
                "name": "Doanh số",
                "permissions": [{"code": "MANAGE_ORDERS"}, {"code": "MANAGE_PRODUCTS"}],
                "userCanManage": False,
                "accessibleChannels": [{"slug": "viet-nam"}],
            }
        ],
        "accessibleChannels": [{"slug": "viet-nam"}],
        "restrictedAccessToChannels": True,
        "editableGroups": [],
        "avatar": None,
    }


def test_too_long_values_are_refused() -> None:
    make_channel()
    user, admin = make_user(), make_admin()
    long_text, address = "x" * 300, f"{'a' * 60}@{'.'.join(['b' * 50] * 4)}.com"
    basket = data_of('mutation { checkoutCreate(input: {channel: "viet-nam"}) { checkout { id } } }')
    key = basket["checkoutCreate"]["checkout"]["id"]
    account = f'password: "{PASSWORD}", channel: "viet-nam", redirectUrl: "http://127.0.0.1:3000/"'
    before = all_rows()

    for attempt, token, field in (
        (f'accountUpdate(input: {{firstName: "{long_text}"}})', user, "firstName"),
        (
            f'accountRegister(input: {{email: "a@example.com", lastName: "{long_text}", {account}}})',
            None,
            "lastName",
        ),
        (f'accountRegister(input: {{email: "{address}", {account}}})', None, "email"),
        (f'checkoutEmailUpdate(id: "{key}", email: "{address}")', None, "email"),
        (f'customerCreate(input: {{email: "{address}"}})', admin, "email"),
        (
            f'customerCreate(input: {{email: "a@example.com", externalReference: "{long_text}"}})',
            admin,
            "externalReference",
        ),
        (f'staffCreate(input: {{email: "{address}"}})', admin, "email"),
        (f'appCreate(input: {{name: "x", identifier: "{long_text}"}})', admin, "identifier"),
    ):
        query = f"mutation {{ {attempt} {{ errors {{ field code }} }} }}"
        (payload,) = data_of(query, token and token_of(token)).values()
        assert payload["errors"] == [{"field": field, "code": "INVALID"}], attempt

    assert all_rows() == before
