"""The shop, its channels, countries and languages, and address rules."""

from __future__ import annotations

import pytest
from django.conf import settings
from graphql import build_schema

from catalog.models import ProductMedia
from cooperatives.models import ZoneCountry
from shop.accounts.models import Address, Group, GroupPermission
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.models import Picture, ShopSettings, Translation
from tests.factories import (
    make_admin,
    make_channel,
    make_divisions,
    make_product,
    make_staff,
    make_user,
    make_zone,
)
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db


def test_shop_defaults_on_an_empty_database() -> None:
    shop = data_of("""{ shop {
        id name description domain { host sslEnabled url } defaultCountry { code } defaultWeightUnit
        trackInventoryByDefault fulfillmentAutoApprove headerText companyAddress { id } metadata { key }
        availableExternalAuthentications { id } passwordLoginMode accountConfirmMergeMode schemaVersion
    } }""")["shop"]

    host = settings.PUBLIC_URL.removeprefix("http://")
    assert shop == {
        "id": global_id("Shop", 1),
        "name": "Chợ Phiên",
        "description": "",
        "domain": {"host": host, "sslEnabled": False, "url": f"http://{host}/"},
        "defaultCountry": None,
        "defaultWeightUnit": "KG",
        "trackInventoryByDefault": True,
        "fulfillmentAutoApprove": True,
        "headerText": None,
        "companyAddress": None,
        "metadata": [],
        "availableExternalAuthentications": [],
        "passwordLoginMode": "ENABLED",
        "accountConfirmMergeMode": "MERGE_DISABLED",
        "schemaVersion": "3.24.0",
    }


@pytest.mark.parametrize(
    ("field", "permission"),
    [
        ("version", "AUTHENTICATED_APP, AUTHENTICATED_STAFF_USER"),
        ("channelCurrencies", "AUTHENTICATED_APP, AUTHENTICATED_STAFF_USER"),
        ("permissions { code }", "AUTHENTICATED_APP, AUTHENTICATED_STAFF_USER"),
        ("limits { currentUsage { channels } }", "AUTHENTICATED_APP, AUTHENTICATED_STAFF_USER"),
        ("limitQuantityPerCheckout", "MANAGE_SETTINGS"),
        ("enableAccountConfirmationByEmail", "MANAGE_SETTINGS"),
        ("defaultMailSenderAddress", "MANAGE_SETTINGS"),
        ("privateMetadata { key }", "MANAGE_SETTINGS"),
    ],
)
def test_private_shop_fields_require_permission(field, permission) -> None:
    make_channel()
    name = field.split()[0]

    response = execute(f"{{ shop {{ {field} }} }}", token_of(make_user()))

    assert response["errors"][0]["message"] == f"Permission denied: this needs one of {permission}."
    value = data_of(f"{{ shop {{ {field} }} }}", token_of(make_admin()))["shop"][name]
    expected = {
        "version": "3.24.0",
        "channelCurrencies": ["VND"],
        "permissions": [{"code": code.upper()} for code in Permission.values],
        "limits": {"currentUsage": {"channels": None}},
        "limitQuantityPerCheckout": 50,
        "enableAccountConfirmationByEmail": True,
        "defaultMailSenderAddress": settings.DEFAULT_FROM_EMAIL,
        "privateMetadata": [],
    }
    assert value == expected[name]


def test_shop_description_is_translated() -> None:
    ShopSettings.objects.create(description="Chợ của các hợp tác xã")
    Translation.objects.create(
        kind="core.shopsettings", key="1", language="en", field="description", text="The cooperatives' market"
    )
    query = """query($code: LanguageCodeEnum!) {
        shop { translation(languageCode: $code) { description language { code } } }
    }"""

    for code in ("EN", "EN_US"):
        assert data_of(query, code=code)["shop"]["translation"] == {
            "description": "The cooperatives' market",
            "language": {"code": code},
        }
    assert data_of(query, code="FR")["shop"] == {"translation": None}


def test_country_and_language_names_follow_the_requested_language() -> None:
    shop = data_of("""{ shop {
        countries { code country } english: countries(languageCode: EN) { code country vat { countryCode } }
        languages { code language } phonePrefixes
    } }""")["shop"]

    assert len(shop["countries"]) == len(shop["english"]) > 240
    assert {"code": "DE", "country": "Đức"} in shop["countries"]
    assert {"code": "DE", "country": "Germany", "vat": None} in shop["english"]
    assert {"code": "VI_VN", "language": "Tiếng Việt (Việt Nam)"} in shop["languages"]
    assert {"84", "1"} <= set(shop["phonePrefixes"])


def test_countries_are_filtered_by_shipping_zone() -> None:
    make_zone(make_channel())
    query = "query($is: Boolean) { shop { countries(filter: {attachedToShippingZones: $is}) { code } } }"

    assert data_of(query, **{"is": True})["shop"]["countries"] == [{"code": "VN"}]
    unattached = data_of(query, **{"is": False})["shop"]["countries"]
    assert {"code": "VN"} not in unattached
    assert {"code": "LA"} in unattached


CHANNEL = """{
    id slug name isActive currencyCode hasOrders defaultCountry { code country } countries { code }
    stockSettings { allocationStrategy }
    orderSettings {
        automaticallyConfirmAllNewOrders automaticallyFulfillNonShippableGiftCard expireOrdersAfter
        markAsPaidStrategy deleteExpiredOrdersAfter allowUnpaidOrders includeDraftOrderInVoucherUsage
        draftOrderLinePriceFreezePeriod useLegacyLineDiscountPropagation
    }
    checkoutSettings { useLegacyErrorFlow automaticallyCompleteFullyPaidCheckouts }
    paymentSettings { defaultTransactionFlowStrategy }
}"""


def test_channels_include_settings_for_staff(django_assert_num_queries) -> None:
    channel = make_channel()
    zone = make_zone(channel)
    ZoneCountry.objects.create(zone=zone, country="LA")
    make_channel(slug="khac", name="Khác", currency="USD")
    token = token_of(make_admin())

    with django_assert_num_queries(4):
        first, second = data_of(f"{{ channels {CHANNEL} }}", token)["channels"]

    assert first == {
        "id": global_id("Channel", channel.pk),
        "slug": "viet-nam",
        "name": "Việt Nam",
        "isActive": True,
        "currencyCode": "VND",
        "hasOrders": False,
        "defaultCountry": {"code": "VN", "country": "Việt Nam"},
        "countries": [{"code": "LA"}, {"code": "VN"}],
        "stockSettings": {"allocationStrategy": "PRIORITIZE_SORTING_ORDER"},
        "orderSettings": {
            "automaticallyConfirmAllNewOrders": True,
            "automaticallyFulfillNonShippableGiftCard": True,
            "expireOrdersAfter": None,
            "markAsPaidStrategy": "PAYMENT_FLOW",
            "deleteExpiredOrdersAfter": 60,
            "allowUnpaidOrders": False,
            "includeDraftOrderInVoucherUsage": False,
            "draftOrderLinePriceFreezePeriod": 24,
            "useLegacyLineDiscountPropagation": False,
        },
        "checkoutSettings": {"useLegacyErrorFlow": True, "automaticallyCompleteFullyPaidCheckouts": False},
        "paymentSettings": {"defaultTransactionFlowStrategy": "CHARGE"},
    }
    assert (second["slug"], second["countries"]) == ("khac", [])


def test_anonymous_sees_channel_countries_but_not_its_settings() -> None:
    make_zone(make_channel())

    response = execute(
        '{ channel(slug: "viet-nam") { countries { code } orderSettings { allowUnpaidOrders } } }'
    )

    assert response["data"] == {"channel": None}
    (error,) = response["errors"]
    assert error["message"] == "Permission denied: this needs one of MANAGE_CHANNELS, MANAGE_ORDERS."
    assert data_of('{ channel(slug: "viet-nam") { countries { code } } }') == {
        "channel": {"countries": [{"code": "VN"}]}
    }
    for query in ("{ channel { id } }", '{ channel(slug: "a", id: "b") { id } }'):
        (error,) = execute(query)["errors"]
        assert error["message"] == "A channel is found by exactly one of `id` and `slug`."


RULES = """
    query($country: CountryCode!, $area: String) {
        addressValidationRules(countryCode: $country, countryArea: $area) {
            countryCode countryName addressFormat addressLatinFormat allowedFields requiredFields upperFields
            countryAreaType countryAreaChoices { raw verbose } cityType cityChoices { raw } cityAreaType
            cityAreaChoices { raw } postalCodeType postalCodeMatchers postalCodeExamples postalCodePrefix
        }
    }
"""


def test_address_rules_of_vietnam() -> None:
    make_divisions()

    rules = data_of(RULES, country="VN")["addressValidationRules"]

    assert rules["allowedFields"] == [
        *("city", "companyName", "countryArea", "name", "postalCode", "streetAddress1", "streetAddress2"),
    ]
    assert (rules["requiredFields"], rules["upperFields"]) == (["city", "streetAddress1"], [])
    assert (rules["countryAreaType"], rules["cityType"]) == ("province", "city")
    assert rules["countryAreaChoices"] == [
        {"raw": "Hà Nội", "verbose": "Hà Nội"},
        {"raw": "Thái Nguyên", "verbose": "Thái Nguyên"},
    ]
    assert (rules["cityChoices"], rules["postalCodeMatchers"]) == ([], [r"^\d{5}\d?$"])
    chosen = data_of(RULES, country="VN", area="Tỉnh Thái Nguyên")["addressValidationRules"]
    assert {"raw": "Xã Phủ Thông"} in chosen["cityChoices"]


def test_address_rules_of_the_united_states() -> None:
    rules = data_of(RULES, country="US")["addressValidationRules"]

    assert rules["requiredFields"] == ["city", "countryArea", "postalCode", "streetAddress1"]
    assert (rules["countryAreaType"], rules["postalCodeType"]) == ("state", "zip")
    assert {"raw": "CA", "verbose": "California"} in rules["countryAreaChoices"]
    assert rules["countryName"] == "Hoa Kỳ"


@pytest.mark.parametrize("country", ["AQ", "EU", "DE", "JP", "CN"])
def test_address_rules_exist_for_unusual_countries(country) -> None:
    assert "errors" not in execute(RULES, country=country)


def test_address_is_visible_to_its_owner_and_permitted_staff() -> None:
    user, stranger, staff = make_user(), make_user(), make_user(is_staff=True)
    row = Address.objects.create(user=user, city="Hà Nội")
    query = "query($id: ID!) { address(id: $id) { city privateMetadata { key } } }"
    bare = "query($id: ID!) { address(id: $id) { city } }"
    key = global_id("Address", row.pk)

    assert data_of(bare, token_of(user), id=key) == {"address": {"city": "Hà Nội"}}
    for reader in (stranger, staff):
        assert data_of(bare, token_of(reader), id=key) == {"address": None}
    assert data_of(bare, id=key) == {"address": None}
    group = Group.objects.create(name="Chăm sóc", is_platform_wide=True)
    GroupPermission.objects.create(group=group, code=Permission.MANAGE_ORDERS)
    group.users.add(staff)
    assert data_of(query, token_of(staff), id=key) == {"address": {"city": "Hà Nội", "privateMetadata": []}}


def test_federation_resolves_service_sdl_and_entities(django_assert_num_queries) -> None:
    user = make_user()
    first, second = (Address.objects.create(user=user, city=city) for city in ("Hà Nội", "Huế"))
    references = [
        {"__typename": "Address", "id": global_id("Address", second.pk)},
        {"__typename": "User", "id": global_id("User", user.pk)},
        {"__typename": "Nothing", "id": "x"},
        "x",
        {"__typename": "Address", "id": global_id("Address", first.pk)},
    ]
    query = """query($references: [_Any!]!) {
        _entities(representations: $references) { __typename ... on Address { city } ... on User { email } }
    }"""
    token = token_of(user)

    with django_assert_num_queries(3):
        entities = data_of(query, token, references=references)["_entities"]

    assert entities == [
        {"__typename": "Address", "city": "Huế"},
        {"__typename": "User", "email": user.email},
        None,
        None,
        {"__typename": "Address", "city": "Hà Nội"},
    ]
    sdl = data_of("{ _service { sdl } }")["_service"]["sdl"]
    assert build_schema(sdl).query_type.name == "Query"


def test_federation_entities_respect_permissions() -> None:
    draft, on_sale = (
        make_product(name=name, state=state) for name, state in (("A", "draft"), ("B", "published"))
    )
    pictures = [
        ProductMedia.objects.create(product=product, picture=Picture.objects.create())
        for product in (draft, on_sale)
    ]
    member, admin = make_staff(Permission.MANAGE_ORDERS), make_admin()
    group = member.permission_groups.get()
    references = [
        {"__typename": "Group", "id": global_id("Group", group.pk)},
        *(
            {"__typename": "ProductMedia", "id": global_id("ProductMedia", picture.pk)}
            for picture in pictures
        ),
    ]
    query = """query($references: [_Any!]!) { _entities(representations: $references) {
        ... on Group { name } ... on ProductMedia { productId } } }"""

    def values_for(user):
        return [
            entity and next(iter(entity.values()))
            for entity in data_of(query, user and token_of(user), references=references)["_entities"]
        ]

    product_id = global_id("Product", on_sale.pk)
    assert values_for(None) == values_for(make_user()) == [None, None, product_id]
    assert values_for(member) == [group.name, global_id("Product", draft.pk), product_id]
    assert values_for(admin) == [group.name, global_id("Product", draft.pk), product_id]


def test_shop_metadata_update_requires_manage_settings() -> None:
    query = """mutation($id: ID!, $input: [MetadataInput!]!) {
        updateMetadata(id: $id, input: $input) {
            item { ... on Shop { name } metadata { key value } } errors { field code } metadataErrors { code }
        }
    }"""
    variables = {"id": global_id("Shop", 1), "input": [{"key": "pins", "value": "[]"}]}

    refused = execute(query, token_of(make_user()), **variables)
    updated = data_of(query, token_of(make_admin()), **variables)["updateMetadata"]

    assert refused["errors"][0]["extensions"]["code"] == "PermissionDenied"
    assert updated == {
        "item": {"name": "Chợ Phiên", "metadata": [{"key": "pins", "value": "[]"}]},
        "errors": [],
        "metadataErrors": [],
    }
    for text, code in ((global_id("Nothing", 1), "NOT_FOUND"), ("abc", "GRAPHQL_ERROR")):
        payload = data_of(query, token_of(make_admin()), id=text, input=[])["updateMetadata"]
        assert payload["errors"] == [{"field": "id", "code": code}]
    missing_payload = data_of(query, token_of(make_admin()), id=global_id("Channel", 7), input=[])[
        "updateMetadata"
    ]
    assert missing_payload["errors"] == [{"field": "id", "code": "NOT_FOUND"}]


def test_empty_metadata_key_is_refused() -> None:
    make_channel()
    user, admin = make_user(), make_admin()
    entry = '[{key: " ", value: "1"}]'
    before = all_rows()

    for attempt, token, field in (
        (f'updateMetadata(id: "{global_id("User", user.pk)}", input: {entry})', user, "input"),
        (f"accountUpdate(input: {{metadata: {entry}}})", user, "metadata"),
        (f'checkoutCreate(input: {{channel: "viet-nam", metadata: {entry}}})', None, "metadata"),
        (f'categoryCreate(input: {{name: "Trà", privateMetadata: {entry}}})', admin, "metadata"),
    ):
        query = f"mutation {{ {attempt} {{ errors {{ field code }} }} }}"
        (payload,) = data_of(query, token and token_of(token)).values()
        assert payload["errors"] == [{"field": field, "code": "REQUIRED"}], attempt

    assert all_rows() == before
