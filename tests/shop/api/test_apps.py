"""Apps: created by staff, authenticated by tokens, limited to their permissions."""

from __future__ import annotations

import pytest

from shop.accounts.models import App, AppToken, Group, GroupPermission
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.models import Change
from tests.factories import make_admin, make_channel, make_staff, make_user
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

CREATE = """
    mutation($input: AppInput!) {
        appCreate(input: $input) {
            authToken
            app {
                id name identifier isActive type
                permissions { code } tokens { name authToken } webhooks { id }
            }
            errors { field code permissions } appErrors { code }
        }
    }
"""
ME = "{ app { name isActive } me { email } }"


def create_app(*permissions, name="Kế toán"):
    """Create an app, and return it with the payload."""
    values = {"name": name, "identifier": "ke-toan", "permissions": list(permissions)}
    payload = data_of(CREATE, token_of(make_admin()), input=values)["appCreate"]
    return App.objects.get(name=name), payload


def test_app_create_returns_its_token_once() -> None:
    row, payload = create_app("MANAGE_ORDERS", "MANAGE_CHANNELS")

    token = payload["authToken"]
    assert len(token) == 30
    assert token.isalnum()
    assert payload["app"] == {
        "id": global_id("App", row.pk),
        "name": "Kế toán",
        "identifier": "ke-toan",
        "isActive": True,
        "type": "LOCAL",
        "permissions": [{"code": "MANAGE_CHANNELS"}, {"code": "MANAGE_ORDERS"}],
        "tokens": [{"name": "Default", "authToken": token[-4:]}],
        "webhooks": [],
    }
    assert token not in str(all_rows())
    assert Change.objects.of_row(row).get().data == {"permissions": ["manage_channels", "manage_orders"]}


def test_app_token_authenticates_and_changes_carry_the_app_name(django_assert_num_queries) -> None:
    make_channel()
    row, payload = create_app("MANAGE_CHANNELS")
    token = payload["authToken"]

    with django_assert_num_queries(3):
        assert data_of(ME, token) == {"app": {"name": "Kế toán", "isActive": True}, "me": None}
    assert data_of("{ channels { slug } }", token) == {"channels": [{"slug": "viet-nam"}]}
    query = """mutation($id: ID!) {
        updatePrivateMetadata(id: $id, input: [{key: "a", value: "1"}]) { errors { code } }
    }"""
    (channel,) = data_of("{ channels { id } }", token)["channels"]
    assert data_of(query, token, **channel) == {"updatePrivateMetadata": {"errors": []}}
    change = Change.objects.get(action="channel.private_metadata_changed")
    assert (change.actor_kind, change.actor_key, change.actor_name, change.entry_point) == (
        *("app", str(row.pk), "Kế toán", "api"),
    )
    refused = execute("{ shop { privateMetadata { key } } }", token)["errors"]
    assert refused[0]["message"] == "Permission denied: this needs one of MANAGE_SETTINGS."


def test_deactivated_or_deleted_app_is_anonymous() -> None:
    row, payload = create_app("MANAGE_ORDERS")
    token, staff, key = payload["authToken"], token_of(make_admin()), global_id("App", row.pk)
    verify = "mutation($t: String!) { appTokenVerify(token: $t) { valid errors { code } } }"

    def works():
        response = execute("{ channels { id } }", token)
        valid = data_of(verify, t=token)["appTokenVerify"]
        assert valid == {"valid": "errors" not in response, "errors": []}
        return valid["valid"]

    def do(name):
        query = f"mutation($id: ID!) {{ {name}(id: $id) {{ app {{ isActive }} errors {{ field code }} }} }}"
        return data_of(query, staff, id=key)[name]

    assert works()
    assert do("appDeactivate") == {"app": {"isActive": False}, "errors": []}
    assert not works()
    assert do("appActivate") == {"app": {"isActive": True}, "errors": []}
    assert works()
    assert do("appDelete") == {"app": {"isActive": True}, "errors": []}
    assert not works()
    assert AppToken.objects.count() == 0
    for name in ("appDeactivate", "appActivate", "appDelete"):
        assert do(name) == {"app": None, "errors": [{"field": "id", "code": "NOT_FOUND"}]}


def test_deleted_app_token_is_invalid_while_others_still_work() -> None:
    row, payload = create_app("MANAGE_ORDERS")
    staff = token_of(make_admin())
    create = """mutation($app: ID!) {
        appTokenCreate(input: {app: $app, name: "Hai"}) {
            authToken appToken { id name authToken } errors { field code }
        }
    }"""
    delete = "mutation($id: ID!) { appTokenDelete(id: $id) { appToken { name } errors { field code } } }"

    second = data_of(create, staff, app=global_id("App", row.pk))["appTokenCreate"]
    assert second["appToken"]["name"] == "Hai"
    assert data_of(ME, second["authToken"])["app"]["name"] == "Kế toán"
    deleted = data_of(delete, staff, id=second["appToken"]["id"])["appTokenDelete"]

    assert deleted == {"appToken": {"name": "Hai"}, "errors": []}
    assert execute(ME, second["authToken"])["data"]["app"] is None
    assert data_of(ME, payload["authToken"])["app"]["name"] == "Kế toán"
    deleted_again = data_of(delete, staff, id=second["appToken"]["id"])["appTokenDelete"]
    assert deleted_again["errors"] == [{"field": "id", "code": "NOT_FOUND"}]


def test_app_permission_change_applies_to_existing_tokens() -> None:
    row, payload = create_app("MANAGE_ORDERS")
    query = """mutation($id: ID!, $input: AppInput!) {
        appUpdate(id: $id, input: $input) { app { name permissions { code } } errors { field code } }
    }"""
    values = {"name": "Sổ sách", "permissions": ["MANAGE_SETTINGS"]}

    changed = data_of(query, token_of(make_admin()), id=global_id("App", row.pk), input=values)["appUpdate"]

    assert changed == {"app": {"name": "Sổ sách", "permissions": [{"code": "MANAGE_SETTINGS"}]}, "errors": []}
    shop_data = data_of("{ shop { privateMetadata { key } } }", payload["authToken"])
    assert shop_data == {"shop": {"privateMetadata": []}}


def test_staff_cannot_grant_an_app_permissions_they_lack() -> None:
    staff = make_user(is_staff=True)
    group = Group.objects.create(name="Kỹ thuật", is_platform_wide=True)
    GroupPermission.objects.create(group=group, code=Permission.MANAGE_APPS)
    group.users.add(staff)
    before = all_rows()

    values = {"name": "x", "permissions": ["MANAGE_APPS", "MANAGE_ORDERS"]}
    payload = data_of(CREATE, token_of(staff), input=values)["appCreate"]

    assert payload["errors"] == [
        {"field": "permissions", "code": "OUT_OF_SCOPE_PERMISSION", "permissions": ["MANAGE_ORDERS"]}
    ]
    assert (payload["app"], payload["authToken"]) == (None, None)
    assert all_rows() == before


def test_staff_cannot_change_an_app_with_permissions_they_lack() -> None:
    row, _payload = create_app("MANAGE_ORDERS")
    staff = token_of(make_staff(Permission.MANAGE_APPS))
    key, token = global_id("App", row.pk), global_id("AppToken", row.tokens.get().pk)
    before = all_rows()

    for attempt, field in (
        (f'appTokenCreate(input: {{app: "{key}"}})', "app"),
        (f'appTokenDelete(id: "{token}")', "id"),
        (f'appUpdate(id: "{key}", input: {{name: "x"}})', "id"),
        (f'appDeactivate(id: "{key}")', "id"),
        (f'appActivate(id: "{key}")', "id"),
        (f'appDelete(id: "{key}")', "id"),
    ):
        (done,) = data_of(f"mutation {{ {attempt} {{ errors {{ field code }} }} }}", staff).values()
        assert done["errors"] == [{"field": field, "code": "OUT_OF_SCOPE_APP"}], attempt

    assert all_rows() == before


@pytest.mark.parametrize("name", ["", "  ", None])
def test_app_create_requires_a_name(name) -> None:
    payload = data_of(CREATE, token_of(make_admin()), input={"name": name})["appCreate"]

    assert payload["errors"] == [{"field": "name", "code": "REQUIRED", "permissions": None}]
    assert App.objects.count() == 0


def test_apps_are_listed_filtered_and_sorted_for_staff_only() -> None:
    create_app("MANAGE_ORDERS", name="B")
    _row, app_payload = create_app("MANAGE_ORDERS", name="A")
    query = "{ apps(first: 5) { totalCount edges { node { name } } } appExtensions(first: 5) { totalCount } }"

    data = data_of(query, token_of(make_user(is_staff=True)))
    assert [edge["node"]["name"] for edge in data["apps"]["edges"]] == ["A", "B"]
    assert (data["apps"]["totalCount"], data["appExtensions"]["totalCount"]) == (2, 0)
    for token in (None, token_of(make_user()), app_payload["authToken"]):
        assert execute(query, token)["data"] == {"apps": None, "appExtensions": None}
    filtered = '{ apps(first: 5, filter: {search: "b", isActive: true}) { edges { node { name } } } }'
    assert data_of(filtered, token_of(make_admin()))["apps"] == {"edges": [{"node": {"name": "B"}}]}
    third = "{ apps(first: 5, filter: {type: THIRDPARTY}) { totalCount } }"
    assert data_of(third, token_of(make_admin()))["apps"] == {"totalCount": 0}
    created = (
        "{ apps(first: 5, sortBy: {field: CREATION_DATE, direction: DESC}) { edges { node { name } } } }"
    )
    listed = data_of(created, token_of(make_admin()))["apps"]["edges"]
    assert [edge["node"]["name"] for edge in listed] == ["A", "B"]


def test_there_are_no_plugins() -> None:
    text = """query($id: ID!) { plugin(id: $id) { name }
      plugins(first: 10) { totalCount edges { node { id } } pageInfo { hasNextPage } } }"""
    change = """mutation($id: ID!) { pluginUpdate(id: $id, input: {active: true}) {
      plugin { id } errors { field code } } }"""
    token = token_of(make_admin())

    assert data_of(text, token, id="mirumee.taxes") == {
        "plugin": None,
        "plugins": {"totalCount": 0, "edges": [], "pageInfo": {"hasNextPage": False}},
    }
    assert data_of(change, token, id="mirumee.taxes")["pluginUpdate"] == {
        "plugin": None,
        "errors": [{"field": "id", "code": "NOT_FOUND"}],
    }
