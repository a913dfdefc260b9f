"""Tax classes and configurations, and federation references."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.dates.calendar import vietnam_date
from shop.core.models import TaxRate
from tests.factories import (
    make_admin,
    make_channel,
    make_product,
    make_product_type,
    make_staff,
    make_tax_class,
    make_user,
)
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

TAX_CLASSES = """query ($id: ID!) {
  product(id: $id) { name pricing { onSale } taxClass { name countries { country { code } rate } } }
  taxClasses(first: 5) { edges { node { name } } }
}"""


def test_staff_see_tax_class_without_a_channel() -> None:
    product = make_product()
    product_type = make_product_type()
    product_type.tax_class = make_tax_class(5)
    product_type.save()

    data = data_of(TAX_CLASSES, token_of(make_admin()), id=global_id("Product", product.pk))

    assert data == {
        "product": {
            "name": "Gối thảo dược",
            "pricing": None,
            "taxClass": {"name": "5 %", "countries": [{"country": {"code": "VN"}, "rate": 5.0}]},
        },
        "taxClasses": {"edges": [{"node": {"name": "5 %"}}]},
    }


def test_customers_do_not_see_tax_classes() -> None:
    product = make_product()

    response = execute(TAX_CLASSES, id=global_id("Product", product.pk))

    assert response["data"]["taxClasses"] is None
    assert response["data"]["product"]["taxClass"] is None
    assert {error["extensions"]["exception"]["code"] for error in response["errors"]} == {"PermissionDenied"}


def test_federation_resolves_products_and_collections() -> None:
    product = make_product()
    query = """query ($known: [_Any!]!) { _entities(representations: $known) {
      __typename ... on Product { name } ... on Collection { slug } } }"""

    data = data_of(
        query,
        known=[
            {"__typename": "Product", "id": global_id("Product", product.pk)},
            {"__typename": "Collection", "id": global_id("Collection", 10**9 + product.cooperative_id)},
            {"__typename": "Product", "id": global_id("Product", 0)},
        ],
    )

    assert data["_entities"] == [
        {"__typename": "Product", "name": "Gối thảo dược"},
        {"__typename": "Collection", "slug": product.cooperative.slug},
        None,
    ]


def test_tax_class_lifecycle_with_rates_valid_from_today() -> None:
    token = token_of(make_staff(Permission.MANAGE_TAXES))
    create = """mutation($input: TaxClassCreateInput!) { taxClassCreate(input: $input) {
      errors { field code countryCodes } taxClass { id name countries { country { code } rate } } } }"""
    update = """mutation($id: ID!, $input: TaxClassUpdateInput!) { taxClassUpdate(id: $id, input: $input) {
      errors { field code countryCodes } taxClass { name countries { country { code } rate } } } }"""
    delete = """mutation($id: ID!) { taxClassDelete(id: $id) { errors { field code } taxClass { name } } }"""
    rates = [{"countryCode": "VN", "rate": 8}, {"countryCode": "LA", "rate": 10}]

    created = data_of(create, token, input={"name": "Đồ khô", "createCountryRates": rates})["taxClassCreate"]
    key = created["taxClass"].pop("id")
    changed = data_of(
        update,
        token,
        id=key,
        input={"updateCountryRates": [{"countryCode": "VN", "rate": 10}], "removeCountryRates": ["LA"]},
    )["taxClassUpdate"]

    assert created == {
        "errors": [],
        "taxClass": {
            "name": "Đồ khô",
            "countries": [{"country": {"code": "LA"}, "rate": 10}, {"country": {"code": "VN"}, "rate": 8}],
        },
    }
    assert changed == {
        "errors": [],
        "taxClass": {"name": "Đồ khô", "countries": [{"country": {"code": "VN"}, "rate": 10}]},
    }
    today = vietnam_date(timezone.now())
    rates_in_time = (
        TaxRate.objects.filter(country="VN").order_by("rate").values_list("rate", "valid_from", "valid_until")
    )
    assert list(rates_in_time) == [(8, None, today - datetime.timedelta(days=1)), (10, today, None)]
    for invalid_values, code, countries in (
        ({"name": " "}, "INVALID", []),
        ({"updateCountryRates": [{"countryCode": "VN", "rate": 101}]}, "INVALID", ["VN"]),
        ({"updateCountryRates": [{"countryCode": "VN", "rate": 1e300}]}, "INVALID", ["VN"]),
        ({"updateCountryRates": [{"countryCode": "VN", "rate": -1}]}, "INVALID", ["VN"]),
        (
            {"updateCountryRates": [{"countryCode": "VN", "rate": 1}], "removeCountryRates": ["VN"]},
            "DUPLICATED_INPUT_ITEM",
            ["VN"],
        ),
    ):
        (error,) = data_of(update, token, id=key, input=invalid_values)["taxClassUpdate"]["errors"]
        assert (error["code"], error["countryCodes"]) == (code, countries)
    assert TaxRate.objects.filter(country="VN").count() == 2
    assert execute(create, token_of(make_user()), input={"name": "X"})["data"] == {"taxClassCreate": None}
    assert data_of(delete, token, id=key)["taxClassDelete"] == {"errors": [], "taxClass": {"name": "Đồ khô"}}
    assert data_of(delete, token, id=key)["taxClassDelete"]["errors"] == [
        {"field": "id", "code": "NOT_FOUND"}
    ]
    (malformed,) = data_of(update, token, id="abc", input={"name": "X"})["taxClassUpdate"]["errors"]
    assert malformed == {"field": "id", "code": "GRAPHQL_ERROR", "countryCodes": []}
    (missing,) = data_of(update, token, id=key, input={"name": "X"})["taxClassUpdate"]["errors"]
    assert missing == {"field": "id", "code": "NOT_FOUND", "countryCodes": []}


def test_tax_configuration_is_listed_and_updated() -> None:
    taxes, buyer = token_of(make_staff(Permission.MANAGE_TAXES)), token_of(make_user())
    channel = make_channel()
    key = global_id("TaxConfiguration", channel.pk)
    fields = (
        "id chargeTaxes displayGrossPrices pricesEnteredWithTax taxCalculationStrategy countries { taxAppId }"
    )
    text = f"""mutation($id: ID!, $input: TaxConfigurationUpdateInput!) {{
      taxConfigurationUpdate(id: $id, input: $input) {{
        taxConfiguration {{ {fields} channel {{ slug }} }} errors {{ field code countryCodes }} }} }}"""

    updated = data_of(text, taxes, id=key, input={"displayGrossPrices": False})["taxConfigurationUpdate"]
    listed = data_of(f"{{ taxConfigurations(first: 9) {{ edges {{ node {{ {fields} }} }} }} }}", taxes)
    refusals = [
        data_of(text, taxes, id=key, input=refused_values)["taxConfigurationUpdate"]["errors"]
        for refused_values in (
            {"taxCalculationStrategy": "TAX_APP", "chargeTaxes": False},
            {
                "updateCountriesConfiguration": [
                    {"countryCode": "LA", "chargeTaxes": False, "displayGrossPrices": True}
                ]
            },
        )
    ]
    missing_id = global_id("TaxConfiguration", 10**9)
    missing_errors = data_of(text, taxes, id=missing_id, input={})["taxConfigurationUpdate"]["errors"]
    denied = [execute(text, token, id=key, input={"chargeTaxes": False})["errors"] for token in (None, buyer)]

    configuration = {
        "id": key,
        "chargeTaxes": True,
        "displayGrossPrices": False,
        "pricesEnteredWithTax": True,
        "taxCalculationStrategy": "FLAT_RATES",
        "countries": [],
    }
    assert updated == {"taxConfiguration": configuration | {"channel": {"slug": "viet-nam"}}, "errors": []}
    assert listed["taxConfigurations"]["edges"] == [{"node": configuration}]
    assert refusals == [
        [{"field": "taxCalculationStrategy", "code": "INVALID", "countryCodes": []}],
        [{"field": "updateCountriesConfiguration", "code": "INVALID", "countryCodes": ["LA"]}],
    ]
    assert missing_errors == [{"field": "id", "code": "NOT_FOUND", "countryCodes": []}]
    assert [error["extensions"]["code"] for (error,) in denied] == ["PermissionDenied"] * 2
    channel.refresh_from_db()
    assert channel.charge_taxes
    assert not channel.display_gross_prices


UPDATE_COUNTRY = """mutation($code: CountryCode!, $rates: [TaxClassRateInput!]!) {
  taxCountryConfigurationUpdate(countryCode: $code, updateTaxClassRates: $rates) {
    taxCountryConfiguration { country { code } taxClassCountryRates { rate taxClass { name } } }
    errors { field code taxClassIds } } }"""
DELETE_COUNTRY = """mutation($code: CountryCode!) { taxCountryConfigurationDelete(countryCode: $code) {
  taxCountryConfiguration { taxClassCountryRates { rate } } errors { field code } } }"""
COUNTRIES = (
    "{ taxCountryConfigurations { country { code } taxClassCountryRates { rate taxClass { name } } } }"
)


def test_rates_of_a_country_are_changed_ended_and_listed() -> None:
    food, cloth = make_tax_class(5), make_tax_class(10)
    token = token_of(make_staff(Permission.MANAGE_TAXES))
    rates = [
        {"taxClassId": global_id("TaxClass", food.pk), "rate": 8},
        {"taxClassId": global_id("TaxClass", cloth.pk), "rate": None},
        {"rate": 0.5},
    ]

    changed = data_of(UPDATE_COUNTRY, token, code="VN", rates=rates)["taxCountryConfigurationUpdate"]
    listed = data_of(COUNTRIES, token)["taxCountryConfigurations"]
    deleted = data_of(DELETE_COUNTRY, token, code="VN")["taxCountryConfigurationDelete"]
    again = data_of(DELETE_COUNTRY, token, code="VN")["taxCountryConfigurationDelete"]

    assert changed["errors"] == []
    assert changed["taxCountryConfiguration"]["country"] == {"code": "VN"}
    today_rates = changed["taxCountryConfiguration"]["taxClassCountryRates"]
    assert sorted(today_rates, key=lambda row: row["rate"]) == [
        {"rate": 0.5, "taxClass": None},
        {"rate": 8, "taxClass": {"name": food.name}},
    ]
    assert [row["country"]["code"] for row in listed] == ["VN"]
    assert deleted == {"taxCountryConfiguration": {"taxClassCountryRates": []}, "errors": []}
    assert again["errors"] == [{"field": "countryCode", "code": "NOT_FOUND"}]
    yesterday = vietnam_date(timezone.now()) - datetime.timedelta(days=1)
    kept = TaxRate.objects.order_by("rate").values_list("rate", "valid_until")
    assert list(kept) == [(5, yesterday), (10, yesterday)]


def test_wrong_rates_of_a_country_are_refused() -> None:
    food = make_tax_class(5)
    key = global_id("TaxClass", food.pk)
    token, buyer = token_of(make_staff(Permission.MANAGE_TAXES)), token_of(make_user())
    before = all_rows()

    for rates, code, ids in (
        ([{"taxClassId": key, "rate": -1}], "CANNOT_CREATE_NEGATIVE_RATE", [key]),
        ([{"taxClassId": key, "rate": 100.5}], "INVALID", [key]),
        ([{"rate": 1e300}], "INVALID", []),
        ([{"rate": 1}, {"rate": 2}], "ONLY_ONE_DEFAULT_COUNTRY_RATE_ALLOWED", []),
        ([{"taxClassId": key, "rate": 1}, {"taxClassId": key, "rate": 2}], "INVALID", []),
        ([{"taxClassId": global_id("TaxClass", 10**9), "rate": 1}], "NOT_FOUND", []),
        ([{"taxClassId": "abc", "rate": 1}], "GRAPHQL_ERROR", []),
    ):
        (error,) = data_of(UPDATE_COUNTRY, token, code="VN", rates=rates)["taxCountryConfigurationUpdate"][
            "errors"
        ]
        assert error == {"field": "updateTaxClassRates", "code": code, "taxClassIds": ids}
    refused = execute(UPDATE_COUNTRY, buyer, code="VN", rates=[{"rate": 1}])
    assert refused["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"
    assert all_rows() == before
