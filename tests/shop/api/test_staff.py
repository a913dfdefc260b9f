"""Staff list and change buyers, other staff and groups over the API."""

from __future__ import annotations

import pytest

from shop.accounts.models import Group, GroupPermission, User
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import make_admin, make_channel, make_divisions, make_order, make_user
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

USER = "id email firstName isStaff isActive note externalReference languageCode"


def make_group(*codes, name="Chăm sóc", users=()):
    group = Group.objects.create(name=name, is_platform_wide=True)
    for code in codes:
        GroupPermission.objects.create(group=group, code=code)
    group.users.add(*users)
    return group


def make_staff(*codes):
    """Create a staff user with these permissions."""
    user = make_user(is_staff=True)
    make_group(*codes, name=f"Nhóm của {user.pk}", users=[user])
    return user


def first_names(query, token, name, **variables):
    return [edge["node"]["firstName"] for edge in data_of(query, token, **variables)[name]["edges"]]


def test_customers_are_filtered_searched_and_sorted(django_assert_num_queries) -> None:
    binh, an = (
        make_user(first_name="Bình", email="b@example.com"),
        make_user(first_name="An", email="z@example.com"),
    )
    cuc = make_user(first_name="Cúc", email=None, phone="+84912345678", metadata={"a": "1"}, is_active=False)
    order = make_order()
    order.user = an
    order.save()
    User.objects.exclude(pk__in=[binh.pk, an.pk, cuc.pk]).update(is_staff=True)
    token = token_of(make_staff(Permission.MANAGE_USERS))
    query = """query(
        $filter: CustomerFilterInput, $where: CustomerWhereInput, $sort: UserSortingInput, $text: String
    ) {
        customers(first: 10, filter: $filter, where: $where, sortBy: $sort, search: $text) {
            totalCount edges { node { firstName } }
        }
    }"""

    def names(**variables):
        return first_names(query, token, "customers", **variables)

    with django_assert_num_queries(4):
        assert names() == ["Bình", "An", "Cúc"]
    assert names(sort={"field": "FIRST_NAME", "direction": "ASC"}) == ["An", "Bình", "Cúc"]
    assert names(sort={"field": "ORDER_COUNT", "direction": "DESC"})[0] == "An"
    assert names(sort={"field": "EMAIL", "direction": "DESC"}) == ["Cúc", "An", "Bình"]
    assert names(text="z@") == names(filter={"search": "an"}) == ["An"]
    assert names(text="91234") == ["Cúc"]
    assert names(filter={"ids": [global_id("User", binh.pk)]}) == ["Bình"]
    assert names(filter={"metadata": [{"key": "a", "value": "1"}]}) == ["Cúc"]
    assert names(filter={"metadata": [{"key": "a", "value": "2"}]}) == []
    assert names(filter={"metadata": [{"key": "a"}]}) == ["Cúc"]
    assert names(filter={"numberOfOrders": {"gte": 1}}) == ["An"]
    assert names(filter={"placedOrders": {"gte": "2020-01-01"}}) == ["An"]
    assert names(filter={"dateJoined": {"lte": "2020-01-01"}}) == []
    assert names(where={"isActive": False}) == ["Cúc"]
    assert names(where={"numberOfOrders": {"eq": 0}, "isActive": True}) == ["Bình"]
    assert names(where={"email": {"oneOf": ["b@example.com", "z@example.com"]}}) == ["Bình", "An"]
    assert names(where={"OR": [{"firstName": {"eq": "An"}}, {"isActive": False}]}) == ["An", "Cúc"]
    assert names(where={"AND": [{"firstName": {"eq": "An"}}, {"isActive": False}]}) == []
    assert names(where={"metadata": {"key": "a", "value": {"oneOf": ["1", "2"]}}}) == ["Cúc"]
    rejected_result = execute(query, token, filter={"search": "a"}, where={"isActive": True})
    assert rejected_result["errors"][0]["message"] == "`filter` and `where` cannot be used together."


def test_nesting_of_where_conditions_is_limited() -> None:
    token = token_of(make_staff(Permission.MANAGE_USERS))
    query = "query($where: CustomerWhereInput) { customers(first: 1, where: $where) { totalCount } }"

    def nested(levels):
        condition = {"isActive": True}
        for _ in range(levels):
            condition = {"AND": [condition]}
        return condition

    assert "errors" not in execute(query, token, where=nested(9))
    assert (
        execute(query, token, where=nested(10))["errors"][0]["message"]
        == "Conditions nest at most 10 levels."
    )


def test_staff_and_groups_are_first_names() -> None:
    admin = make_admin(first_name="Quản")
    make_user(is_staff=True, is_active=False, first_name="Cũ", email="a@example.com")
    make_group(Permission.MANAGE_ORDERS, name="B")
    make_group(name="A")
    token = token_of(admin)
    staff = """query($s: StaffMemberStatus) {
        staffUsers(first: 5, filter: {status: $s}) { edges { node { firstName } } }
    }"""

    assert first_names(staff, token, "staffUsers") == ["Cũ", "Quản"]
    assert first_names(staff, token, "staffUsers", s="ACTIVE") == ["Quản"]
    groups = (
        "{ permissionGroups(first: 5, sortBy: {field: NAME, direction: DESC}) { edges { node { name } } } }"
    )
    edges = data_of(groups, token)["permissionGroups"]["edges"]
    assert [edge["node"]["name"] for edge in edges] == ["B", "A"]


CUSTOMER_CREATE = f"""
    mutation($input: UserCreateInput!) {{
        customerCreate(input: $input) {{ user {{ {USER} isConfirmed }} errors {{ field code }} }}
    }}
"""
CUSTOMER_UPDATE = f"""
    mutation($id: ID, $input: CustomerInput!) {{
        customerUpdate(id: $id, input: $input) {{
            user {{ {USER} privateMetadata {{ key value }} defaultShippingAddress {{ city }} }}
            errors {{ field code }}
        }}
    }}
"""


def test_staff_create_a_customer(settings) -> None:
    settings.API_CLIENT_HOSTS = ["localhost"]
    make_channel()
    input_data = {
        "email": "Moi@Example.com",
        "firstName": "Hoa",
        "note": "gọi sau 5 giờ",
        "externalReference": "KH-1",
        "redirectUrl": "http://localhost:3000/mat-khau",
    }

    payload = data_of(CUSTOMER_CREATE, token_of(make_staff(Permission.MANAGE_USERS)), input=input_data)[
        "customerCreate"
    ]

    customer = User.objects.get(email="moi@example.com")
    assert payload == {
        "user": {
            "id": global_id("User", customer.pk),
            "email": "moi@example.com",
            "firstName": "Hoa",
            "isStaff": False,
            "isActive": True,
            "note": "gọi sau 5 giờ",
            "externalReference": "KH-1",
            "languageCode": "VI",
            "isConfirmed": True,
        },
        "errors": [],
    }
    assert "http://localhost:3000/mat-khau?email=moi%40example.com&token=" in Notification.objects.get().text
    assert Change.objects.of_row(customer).get().action == "user.created"


def test_staff_update_a_customer() -> None:
    make_divisions()
    customer = make_user(private_metadata={"a": "1"})
    address_input = {
        "streetAddress1": "Thôn 1",
        "city": "Xã Phủ Thông",
        "countryArea": "Thái Nguyên",
        "country": "VN",
    }
    input_data = {
        "email": "khac@example.com",
        "isActive": False,
        "languageCode": "EN",
        "privateMetadata": [{"key": "b", "value": "2"}],
        "defaultShippingAddress": address_input,
    }
    token = token_of(make_staff(Permission.MANAGE_USERS))

    payload = data_of(CUSTOMER_UPDATE, token, id=global_id("User", customer.pk), input=input_data)[
        "customerUpdate"
    ]

    assert payload["errors"] == []
    assert payload["user"]["email"] == "khac@example.com"
    assert not payload["user"]["isActive"]
    assert payload["user"]["privateMetadata"] == [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    assert payload["user"]["defaultShippingAddress"] == {"city": "Xã Phủ Thông"}


@pytest.mark.parametrize(
    ("invalid_values", "field", "code"),
    [
        ({"email": "cu@example.com"}, "email", "UNIQUE"),
        ({"email": "x"}, "email", "INVALID"),
        ({"externalReference": "KH-1"}, "externalReference", "UNIQUE"),
        ({"firstName": "x" * 257}, "firstName", "INVALID"),
        ({"defaultBillingAddress": {}}, "country", "REQUIRED"),
    ],
)
def test_invalid_customer_update_is_refused(invalid_values, field, code) -> None:
    make_user(email="cu@example.com", external_reference="KH-1")
    customer, token = make_user(), token_of(make_staff(Permission.MANAGE_USERS))
    before = all_rows()

    payload = data_of(CUSTOMER_UPDATE, token, id=global_id("User", customer.pk), input=invalid_values)[
        "customerUpdate"
    ]

    assert (payload["user"], payload["errors"]) == (None, [{"field": field, "code": code}])
    assert all_rows() == before


def test_customer_mutations_do_not_find_staff() -> None:
    staff = make_user(is_staff=True)
    token = token_of(make_staff(Permission.MANAGE_USERS))
    delete = "mutation($id: ID) { customerDelete(id: $id) { user { email } errors { field code } } }"
    customer = make_user()

    refused = data_of(CUSTOMER_UPDATE, token, id=global_id("User", staff.pk), input={})["customerUpdate"]
    deleted = data_of(delete, token, id=global_id("User", customer.pk))["customerDelete"]
    deleted_again = data_of(delete, token, id=global_id("User", customer.pk))["customerDelete"]

    assert refused["errors"] == deleted_again["errors"] == [{"field": "id", "code": "NOT_FOUND"}]
    assert deleted == {"user": {"email": customer.email}, "errors": []}


STAFF_CREATE = f"""
    mutation($input: StaffCreateInput!) {{
        staffCreate(input: $input) {{
            user {{ {USER} permissionGroups {{ name }} }} errors {{ field code groups }}
        }}
    }}
"""


@pytest.mark.parametrize("known", [True, False])
def test_staff_create_accepts_new_and_known_customers(known) -> None:
    if known:
        make_user(email="moi@example.com")
    group = make_group(Permission.MANAGE_STAFF)
    token = token_of(make_staff(Permission.MANAGE_STAFF))
    input_data = {"email": "moi@example.com", "firstName": "Hoa", "addGroups": [global_id("Group", group.pk)]}

    payload = data_of(STAFF_CREATE, token, input=input_data)["staffCreate"]
    repeated = data_of(STAFF_CREATE, token, input=input_data)["staffCreate"]

    assert payload["errors"] == []
    assert payload["user"]["isStaff"]
    assert payload["user"]["permissionGroups"] == [{"name": "Chăm sóc"}]
    assert (repeated["user"], repeated["errors"]) == (
        None,
        [{"field": "email", "code": "UNIQUE", "groups": None}],
    )
    assert User.objects.filter(email="moi@example.com").count() == 1


def test_staff_cannot_add_others_to_groups_beyond_their_permissions() -> None:
    group = make_group(Permission.MANAGE_ORDERS)
    token = token_of(make_staff(Permission.MANAGE_STAFF))
    before = all_rows()

    input_data = {"email": "moi@example.com", "addGroups": [global_id("Group", group.pk)]}
    payload = data_of(STAFF_CREATE, token, input=input_data)["staffCreate"]

    keys = [global_id("Group", group.pk)]
    assert payload["errors"] == [{"field": "addGroups", "code": "OUT_OF_SCOPE_GROUP", "groups": keys}]
    assert all_rows() == before


def test_staff_are_updated_and_deleted() -> None:
    boss, clerk, admin = make_staff(Permission.MANAGE_STAFF), make_user(is_staff=True), make_admin()
    token = token_of(boss)
    update = """mutation($id: ID!, $input: StaffUpdateInput!) {
        staffUpdate(id: $id, input: $input) { user { isActive firstName } errors { field code } }
    }"""
    delete = "mutation($id: ID!) { staffDelete(id: $id) { user { isStaff } errors { field code } } }"

    def changed(user, **input_data):
        return data_of(update, token, id=global_id("User", user.pk), input=input_data)["staffUpdate"]

    def let_go(user):
        return data_of(delete, token, id=global_id("User", user.pk))["staffDelete"]

    assert changed(clerk, isActive=False, firstName="Cúc")["user"] == {"isActive": False, "firstName": "Cúc"}
    assert changed(boss, isActive=False)["errors"] == [{"field": "id", "code": "DEACTIVATE_OWN_ACCOUNT"}]
    assert changed(admin, isActive=False)["errors"] == [
        {"field": "id", "code": "DEACTIVATE_SUPERUSER_ACCOUNT"}
    ]
    assert changed(make_user())["errors"] == [{"field": "id", "code": "NOT_FOUND"}]
    assert let_go(boss)["errors"] == [{"field": "id", "code": "DELETE_OWN_ACCOUNT"}]
    assert let_go(admin)["errors"] == [{"field": "id", "code": "DELETE_SUPERUSER_ACCOUNT"}]
    assert let_go(clerk) == {"user": {"isStaff": True}, "errors": []}
    clerk.refresh_from_db()
    assert not clerk.is_staff
    assert not clerk.is_active
    assert clerk.email is None


def test_staff_cannot_change_staff_with_permissions_they_lack() -> None:
    boss = make_staff(Permission.MANAGE_STAFF, Permission.MANAGE_ORDERS)
    stronger = make_staff(Permission.MANAGE_ORDERS, Permission.MANAGE_PRODUCTS)
    equal, admin = make_staff(Permission.MANAGE_ORDERS), make_admin()
    update = """mutation($id: ID!) { staffUpdate(id: $id, input: {email: "khac@example.com"}) {
        user { email } errors { field code users } } }"""
    delete = "mutation($id: ID!) { staffDelete(id: $id) { errors { code } } }"
    before = all_rows()

    for person in (stronger, admin):
        key = global_id("User", person.pk)
        assert data_of(update, token_of(boss), id=key)["staffUpdate"] == {
            "user": None,
            "errors": [{"field": "id", "code": "OUT_OF_SCOPE_USER", "users": [key]}],
        }
    key = global_id("User", stronger.pk)
    assert data_of(delete, token_of(boss), id=key)["staffDelete"]["errors"] == [{"code": "OUT_OF_SCOPE_USER"}]

    assert all_rows() == before
    changed = data_of(update, token_of(boss), id=global_id("User", equal.pk))["staffUpdate"]
    assert changed == {"user": {"email": "khac@example.com"}, "errors": []}


GROUP = """{
    group {
        id name permissions { code } users { email } restrictedAccessToChannels accessibleChannels { slug }
    }
    errors { field code permissions users }
}"""
GROUP_CREATE = (
    f"mutation($input: PermissionGroupCreateInput!) {{ permissionGroupCreate(input: $input) {GROUP} }}"
)
GROUP_UPDATE = f"""mutation($id: ID!, $input: PermissionGroupUpdateInput!) {{
    permissionGroupUpdate(id: $id, input: $input) {GROUP}
}}"""
GROUP_DELETE = f"mutation($id: ID!) {{ permissionGroupDelete(id: $id) {GROUP} }}"


def test_group_is_created_updated_and_deleted() -> None:
    channel, _other_channel = make_channel(), make_channel(slug="khac")
    clerk = make_user(is_staff=True)
    token = token_of(make_admin())
    input_data = {
        "name": "Doanh số",
        "addPermissions": ["MANAGE_ORDERS"],
        "addUsers": [global_id("User", clerk.pk)],
        "addChannels": [global_id("Channel", channel.pk)],
        "restrictedAccessToChannels": True,
    }

    created = data_of(GROUP_CREATE, token, input=input_data)["permissionGroupCreate"]
    assert created["errors"] == []
    key = created["group"].pop("id")
    assert created["group"] == {
        "name": "Doanh số",
        "permissions": [{"code": "MANAGE_ORDERS"}],
        "users": [{"email": clerk.email}],
        "restrictedAccessToChannels": True,
        "accessibleChannels": [{"slug": "viet-nam"}],
    }
    change = {
        "name": "Kho",
        "addPermissions": ["MANAGE_PRODUCTS"],
        "removePermissions": ["MANAGE_ORDERS"],
        "removeUsers": [global_id("User", clerk.pk)],
        "restrictedAccessToChannels": False,
    }
    changed = data_of(GROUP_UPDATE, token, id=key, input=change)["permissionGroupUpdate"]["group"]
    assert (changed["name"], changed["permissions"], changed["users"]) == (
        "Kho",
        [{"code": "MANAGE_PRODUCTS"}],
        [],
    )
    assert changed["accessibleChannels"] == [{"slug": "viet-nam"}, {"slug": "khac"}]
    deleted = data_of(GROUP_DELETE, token, id=key)["permissionGroupDelete"]
    assert (deleted["group"]["name"], deleted["errors"]) == ("Kho", [])
    assert Group.objects.count() == 0
    actions = Change.objects.filter(kind="accounts.group").oldest_first().values_list("action", flat=True)
    assert list(actions) == ["group.created", "group.changed", "group.deleted"]


def test_invalid_group_changes_are_refused() -> None:
    customer = make_user()
    theirs = make_group(Permission.MANAGE_ORDERS, name="Đơn hàng")
    token = token_of(make_staff(Permission.MANAGE_STAFF))
    before = all_rows()

    def errors(query, **variables):
        (payload,) = data_of(query, token, **variables).values()
        assert payload["group"] is None
        return payload["errors"]

    def error(field, code, **details):
        return [{"field": field, "code": code, "permissions": None, "users": None} | details]

    beyond = error("addPermissions", "OUT_OF_SCOPE_PERMISSION", permissions=["MANAGE_ORDERS"])
    assert errors(GROUP_CREATE, input={"name": "x", "addPermissions": ["MANAGE_ORDERS"]}) == beyond
    assert errors(GROUP_CREATE, input={"name": "Đơn hàng"}) == error("name", "UNIQUE")
    assert errors(GROUP_CREATE, input={"name": " "}) == error("name", "REQUIRED")
    key = global_id("User", customer.pk)
    stranger = error("addUsers", "ASSIGN_NON_STAFF_MEMBER", users=[key])
    assert errors(GROUP_CREATE, input={"name": "x", "addUsers": [key]}) == stranger
    theirs_key = global_id("Group", theirs.pk)
    scope_error = error("id", "OUT_OF_SCOPE_PERMISSION", permissions=["MANAGE_ORDERS"])
    assert errors(GROUP_UPDATE, id=theirs_key, input={"name": "y"}) == scope_error
    assert errors(GROUP_DELETE, id=theirs_key) == scope_error
    contradictory = {"addUsers": [key], "removeUsers": [key]}
    own_key = global_id("Group", Group.objects.exclude(pk=theirs.pk).get().pk)
    assert errors(GROUP_UPDATE, id=own_key, input=contradictory) == error("addUsers", "DUPLICATED_INPUT_ITEM")
    assert errors(GROUP_DELETE, id=global_id("Group", 10**9)) == error("id", "REQUIRED")
    assert errors(GROUP_DELETE, id="abc") == error("id", "REQUIRED")
    assert all_rows() == before


@pytest.mark.parametrize(
    ("query", "permission"),
    [
        ("{ customers(first: 1) { totalCount } }", "MANAGE_ORDERS, MANAGE_USERS"),
        ("{ staffUsers(first: 1) { totalCount } }", "MANAGE_STAFF"),
        ("{ permissionGroups(first: 1) { totalCount } }", "MANAGE_STAFF"),
        ("mutation { customerCreate(input: {}) { errors { code } } }", "MANAGE_USERS"),
        ("mutation { customerUpdate(input: {}) { errors { code } } }", "MANAGE_USERS"),
        ("mutation { customerDelete { errors { code } } }", "MANAGE_USERS"),
        ("mutation { staffCreate(input: {}) { errors { code } } }", "MANAGE_STAFF"),
        ('mutation { staffUpdate(id: "x", input: {}) { errors { code } } }', "MANAGE_STAFF"),
        ('mutation { staffDelete(id: "x") { errors { code } } }', "MANAGE_STAFF"),
        ('mutation { permissionGroupCreate(input: {name: "x"}) { errors { code } } }', "MANAGE_STAFF"),
        ('mutation { permissionGroupUpdate(id: "x", input: {}) { errors { code } } }', "MANAGE_STAFF"),
        ('mutation { permissionGroupDelete(id: "x") { errors { code } } }', "MANAGE_STAFF"),
    ],
)
def test_each_field_requires_its_permission(query, permission) -> None:
    response = execute(query, token_of(make_user(is_staff=True)))

    assert response["errors"][0]["message"] == f"Permission denied: this needs one of {permission}."


def test_staff_manage_addresses_of_customers() -> None:
    make_divisions()
    customer = make_user()
    token, key = token_of(make_staff(Permission.MANAGE_USERS)), global_id("User", customer.pk)
    address_input = {
        "streetAddress1": "Thôn 1",
        "city": "Xã Phủ Thông",
        "countryArea": "Thái Nguyên",
        "country": "VN",
    }
    payload_fields = "address { id city } user { email } errors { field code }"
    create = f"""mutation($u: ID!, $i: AddressInput!) {{
        addressCreate(userId: $u, input: $i) {{ {payload_fields} }} }}"""
    update = f"""mutation($id: ID!, $i: AddressInput!) {{
        addressUpdate(id: $id, input: $i) {{ {payload_fields} }} }}"""
    delete = f"mutation($id: ID!) {{ addressDelete(id: $id) {{ {payload_fields} }} }}"
    choose = """mutation($u: ID!, $id: ID!) {
        addressSetDefault(userId: $u, addressId: $id, type: BILLING) {
            user { defaultBillingAddress { id } } errors { field code }
        }
    }"""

    created = data_of(create, token, u=key, i=address_input)["addressCreate"]
    assert (created["user"], created["errors"]) == ({"email": customer.email}, [])
    saved = created["address"]["id"]
    changed = data_of(update, token, id=saved, i={"city": "Xã Bạch Thông"})["addressUpdate"]
    assert changed["address"] == {"id": saved, "city": "Xã Bạch Thông"}
    chosen = data_of(choose, token, u=key, id=saved)["addressSetDefault"]
    assert chosen == {"user": {"defaultBillingAddress": {"id": saved}}, "errors": []}
    foreign = data_of(choose, token, u=global_id("User", make_user().pk), id=saved)["addressSetDefault"]
    assert foreign["errors"] == [{"field": "id", "code": "NOT_FOUND"}]
    assert data_of(delete, token, id=saved)["addressDelete"]["address"]["id"] == saved
    deleted_again = data_of(delete, token, id=saved)["addressDelete"]
    assert deleted_again == {"address": None, "user": None, "errors": [{"field": "id", "code": "NOT_FOUND"}]}
    stranger = data_of(create, token, u=global_id("User", 10**9), i=address_input)["addressCreate"]
    assert stranger["errors"] == [{"field": "id", "code": "NOT_FOUND"}]
    refused = execute(create, token_of(make_user(is_staff=True)), u=key, i=address_input)["errors"]
    assert refused[0]["message"] == "Permission denied: this needs one of MANAGE_USERS."
