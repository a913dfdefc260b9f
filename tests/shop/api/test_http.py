"""GraphQL over HTTP: every supported form of request, with its status and response."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from shop.api.endpoint import MAX_BYTES_WITH_FILES
from tests.factories import make_channel
from tests.shop.api.client import ADDRESS, execute, post, request_error

pytestmark = pytest.mark.django_db

SHOP_NAME = "{ shop { name } }"
SHOP_NAME_RESULT = {
    "data": {"shop": {"name": "Chợ Phiên"}},
    "extensions": {"cost": {"requestedQueryCost": 0, "maximumAvailable": 50_000}},
}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", json.dumps({"query": SHOP_NAME})),
        (
            "application/json; charset=utf-8",
            json.dumps({"query": SHOP_NAME, "variables": None, "operationName": None}),
        ),
        ("application/json", json.dumps({"query": SHOP_NAME, "variables": {}, "operationName": ""})),
        ("application/graphql", SHOP_NAME),
        ("application/x-www-form-urlencoded", "query=%7B%20shop%20%7B%20name%20%7D%20%7D&variables=%7B%7D"),
    ],
)
def test_each_content_type_is_accepted(content_type, body) -> None:
    response = post(body, content_type=content_type)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content) == SHOP_NAME_RESULT


@pytest.mark.parametrize(
    ("content_type", "body", "status", "message"),
    [
        ("application/json", "{", 400, "The request's body is not JSON."),
        ("application/json", "", 400, "The request's body is not JSON."),
        ("application/json", b"\xff\xfe", 400, "The request's body is not JSON."),
        ("application/graphql", b"\xff\xfe", 400, "The request's body is not UTF-8."),
        ("application/json", '"query"', 400, "A request is a JSON object with `query`."),
        ("application/json", "7", 400, "A request is a JSON object with `query`."),
        ("application/json", "null", 400, "A request is a JSON object with `query`."),
        ("application/json", "{}", 400, "Must provide a query string."),
        ("application/json", '{"query": " "}', 400, "Must provide a query string."),
        ("application/json", '{"query": 3}', 400, "Must provide a query string."),
        ("application/json", '{"query": "{a}", "variables": []}', 400, "The variables must be an object."),
        ("application/json", '{"query": "{a}", "variables": "{"}', 400, "The variables are not JSON."),
        (
            "application/json",
            '{"query": "{a}", "operationName": 1}',
            400,
            "The operation's name must be a string.",
        ),
        ("application/json", "[{}, {}]", 400, "Number of batch queries exceeded."),
        (
            "application/json",
            '{"query": "{a(b: \\"\\u0000\\")}"}',
            400,
            "Texts may not hold the character NUL.",
        ),
        ("application/graphql", '{a(b: """\0""")}', 400, "Texts may not hold the character NUL."),
        (
            "application/x-www-form-urlencoded",
            "query=%7Ba%7D&variables=%7B%22b%22%3A%22%5Cu0000%22%7D",
            400,
            "Texts may not hold the character NUL.",
        ),
        ("application/json", "[7]", 400, "A request is a JSON object with `query`."),
        ("multipart/form-data", "x", 400, "The request's body cannot be read."),
    ],
)
def test_malformed_body_is_an_error(content_type, body, status, message) -> None:
    response = post(body, content_type=content_type)

    assert response.status_code == status
    content = json.loads(response.content)
    exception = {"code": "GraphQLError"}
    assert content == {
        "errors": [{"message": message, "extensions": {"code": "GraphQLError", "exception": exception}}]
    }


def test_too_large_body_is_refused_with_413() -> None:
    body = json.dumps({"query": SHOP_NAME + "#" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE})

    response = post(body)

    assert response.status_code == 413
    assert json.loads(response.content)["errors"][0]["message"] == "The request is too large."


def test_batch_of_one_returns_a_list() -> None:
    response = post([{"query": SHOP_NAME}])

    assert response.status_code == 200
    assert json.loads(response.content) == [SHOP_NAME_RESULT]


def test_syntax_error_returns_400() -> None:
    error = request_error("{ shop")

    assert error == {
        "message": "Syntax Error: Expected Name, found <EOF>.",
        "locations": [{"line": 1, "column": 7}],
        "extensions": {"code": "GraphQLSyntaxError", "exception": {"code": "GraphQLSyntaxError"}},
    }


def test_unknown_field_returns_400() -> None:
    error = request_error("{ shop { colour } }")

    assert error["message"] == "Cannot query field 'colour' on type 'Shop'."
    assert error["extensions"]["exception"]["code"] == "GraphQLError"


@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        (
            "query($slug: String!) { channel(slug: $slug) { id } }",
            {},
            "Variable '$slug' has invalid value: Expected a value of non-null type 'String!' to be provided.",
        ),
        (
            "query($id: ID) { channel(id: $id) { id } }",
            {"id": {}},
            "Variable '$id' has invalid value: ID cannot represent value: {}",
        ),
    ],
)
def test_invalid_variable_returns_400(query, variables, message) -> None:
    error = request_error(query, **variables)

    assert error["message"] == message
    assert error["extensions"]["exception"]["code"] == "GraphQLError"


def test_unknown_operation_name_returns_400() -> None:
    response = post({"query": "query A { shop { name } } query B { shop { name } }", "operationName": "C"})

    assert response.status_code == 400
    assert json.loads(response.content)["errors"][0]["message"] == "Unknown operation named 'C'."


def test_operation_name_selects_the_operation() -> None:
    response = post({"query": "query A { shop { name } } query B { shop { id } }", "operationName": "B"})

    assert json.loads(response.content)["data"] == {"shop": {"id": "U2hvcDox"}}


def test_resolver_error_returns_partial_data_with_200() -> None:
    response = execute("{ shop { name } channels { id } }")

    assert response["data"] == {"shop": {"name": "Chợ Phiên"}, "channels": None}
    assert response["errors"] == [
        {
            "message": "Permission denied: this needs one of AUTHENTICATED_APP, AUTHENTICATED_STAFF_USER.",
            "locations": [{"line": 1, "column": 17}],
            "path": ["channels"],
            "extensions": {"code": "PermissionDenied", "exception": {"code": "PermissionDenied"}},
        }
    ]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head"])
def test_endpoint_allows_only_post_and_options(method) -> None:
    response = getattr(Client(), method)(ADDRESS, {"query": SHOP_NAME} if method == "get" else "")

    assert response.status_code == 405
    assert response["Allow"] == "POST, OPTIONS"


def test_address_without_trailing_slash_is_not_found() -> None:
    assert (
        Client()
        .post("/graphql", json.dumps({"query": SHOP_NAME}), content_type="application/json")
        .status_code
        == 404
    )
    assert Client().get("/graphql").status_code == 404


@override_settings(API_ORIGINS=["https://tiem.example"])
def test_preflight_of_an_allowed_origin() -> None:
    response = Client().options(ADDRESS, headers={"origin": "https://tiem.example"})

    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == "https://tiem.example"
    assert response["Access-Control-Allow-Credentials"] == "true"
    assert response["Access-Control-Allow-Methods"] == "POST, OPTIONS"
    assert response["Access-Control-Allow-Headers"] == (
        "Origin, Content-Type, Accept, Authorization, Source-Service-Name, Authorization-Bearer"
    )
    assert response["Access-Control-Max-Age"] == "600"
    assert "Origin" in response["Vary"]


@override_settings(API_ORIGINS=["https://tiem.example"])
def test_response_allows_credentials_for_an_allowed_origin() -> None:
    response = post({"query": SHOP_NAME}, origin="https://tiem.example")

    assert response["Access-Control-Allow-Origin"] == "https://tiem.example"
    assert response["Access-Control-Allow-Credentials"] == "true"
    assert "Access-Control-Allow-Methods" not in response


def test_without_configured_origins_any_origin_is_allowed_without_credentials() -> None:
    preflight = Client().options(ADDRESS, headers={"origin": "https://la.example"})
    answered = post({"query": SHOP_NAME}, origin="https://la.example")

    for response in (preflight, answered):
        assert response["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response
    assert preflight["Access-Control-Allow-Methods"] == "POST, OPTIONS"


@override_settings(API_ORIGINS=["*", "https://tiem.example"])
def test_wildcard_origin_keeps_credentials_for_listed_origins() -> None:
    unlisted = post({"query": SHOP_NAME}, origin="https://la.example")
    listed = post({"query": SHOP_NAME}, origin="https://tiem.example")

    assert unlisted["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in unlisted
    assert listed["Access-Control-Allow-Origin"] == "https://tiem.example"
    assert listed["Access-Control-Allow-Credentials"] == "true"


@override_settings(API_ORIGINS=["https://tiem.example"])
def test_unlisted_origin_gets_no_cors_headers() -> None:
    assert "Access-Control-Allow-Origin" not in post({"query": SHOP_NAME}, origin="https://la.example")
    assert "Access-Control-Allow-Origin" in post({"query": SHOP_NAME}, origin="https://tiem.example")


def test_foreign_token_is_ignored_over_http() -> None:
    assert execute(SHOP_NAME, "abc")["data"] == SHOP_NAME_RESULT["data"]


def test_unknown_channel_is_null_and_malformed_id_is_an_error() -> None:
    make_channel()

    assert execute('{ channel(slug: "la") { id } }')["data"] == {"channel": None}
    assert execute('{ channel(slug: "viet-nam") { currencyCode } }')["data"] == {
        "channel": {"currencyCode": "VND"}
    }
    assert execute('{ channel(id: "VXNlcjox") { id } }')["data"] == {"channel": None}
    (error,) = execute('{ channel(id: "abc") { id } }')["errors"]
    assert error["message"] == "Invalid ID: abc. Expected: Channel."
    assert error["extensions"]["exception"] == {"code": "GraphQLError"}


def test_introspection_of_one_name_costs_one() -> None:
    response = execute("{ __schema { queryType { name } } }")

    assert response["data"] == {"__schema": {"queryType": {"name": "Query"}}}
    assert response["extensions"]["cost"]["requestedQueryCost"] == 1


def test_jwks_publishes_the_signing_key() -> None:
    (key,) = Client().get("/.well-known/jwks.json").json()["keys"]

    assert set(key) == {"kty", "key_ops", "n", "e", "use", "kid", "alg"}
    assert (key["kty"], key["key_ops"], key["use"], key["alg"]) == ("RSA", ["verify"], "sig", "RS256")


def multipart(operations, paths_by_file, client=None, **files):
    parts = {"operations": json.dumps(operations), "map": json.dumps(paths_by_file)} | files
    return (client or Client()).post(ADDRESS, parts)


UPLOAD_OPERATION = {"query": SHOP_NAME, "variables": {"file": None, "files": [None]}}


def test_multipart_upload_fills_variables() -> None:
    file = SimpleUploadedFile("a.txt", b"abc")

    response = multipart(UPLOAD_OPERATION, {"0": ["variables.file", "variables.files.0"]}, **{"0": file})

    assert response.status_code == 200
    assert response.json() == SHOP_NAME_RESULT


@pytest.mark.parametrize(
    ("operations", "paths_by_file", "message"),
    [
        (UPLOAD_OPERATION, {"1": ["variables.file"]}, "There is no file for the part '1' of `map`."),
        (UPLOAD_OPERATION, {"0": "variables.file"}, "There is no file for the part '0' of `map`."),
        (
            UPLOAD_OPERATION,
            {"0": ["variables.other"]},
            "`map` names 'variables.other', which `operations` does not have.",
        ),
        (
            UPLOAD_OPERATION,
            {"0": ["variables.files.7"]},
            "`map` names 'variables.files.7', which `operations` does not have.",
        ),
        (UPLOAD_OPERATION, {"0": ["query.x"]}, "`map` names 'query.x', which `operations` does not have."),
        ([UPLOAD_OPERATION], {}, "`operations` must be a single operation, and `map` an object."),
        (UPLOAD_OPERATION, [], "`operations` must be a single operation, and `map` an object."),
    ],
)
def test_invalid_multipart_map_is_an_error(operations, paths_by_file, message) -> None:
    response = multipart(operations, paths_by_file, **{"0": SimpleUploadedFile("a.txt", b"abc")})

    assert response.status_code == 400
    assert response.json()["errors"][0]["message"] == message


def test_missing_or_malformed_multipart_parts_are_errors() -> None:
    for parts, message in (
        ({"map": "{}"}, "A multipart request needs the parts `operations` and `map`."),
        ({"operations": "{", "map": "{}"}, "`operations` and `map` must be JSON."),
        ({"operations": '{"query": "\\u0000"}', "map": "{}"}, "Texts may not hold the character NUL."),
    ):
        response = Client().post(ADDRESS, parts)
        assert (response.status_code, response.json()["errors"][0]["message"]) == (400, message)


def test_multipart_map_paths_are_limited() -> None:
    file = SimpleUploadedFile("a.txt", b"abc")

    response = multipart(UPLOAD_OPERATION, {"0": ["variables.file"] * 51}, **{"0": file})

    message = "`map` may name at most 50 places."
    assert (response.status_code, response.json()["errors"][0]["message"]) == (400, message)


def test_too_large_multipart_body_is_refused_with_413() -> None:
    headers = {"CONTENT_LENGTH": str(MAX_BYTES_WITH_FILES + 1)}

    response = Client().post(ADDRESS, {"operations": "{}", "map": "{}"}, **headers)

    assert response.status_code == 413
    # A malformed Content-Length is ignored: the whole body is read.
    assert Client().post(ADDRESS, {"operations": "{}", "map": "{}"}, CONTENT_LENGTH="x").status_code == 400


@pytest.mark.parametrize("content_type", ["application/json", "application/graphql"])
def test_foreign_host_is_refused(content_type) -> None:
    body = json.dumps({"query": SHOP_NAME}) if content_type == "application/json" else SHOP_NAME

    response = post(body, content_type=content_type, host="evil.example")

    assert (response.status_code, response["Content-Type"]) == (400, "text/html; charset=utf-8")


def test_operation_runs_without_the_middleware_for_pages() -> None:
    make_channel()
    client = Client()
    client.get("/en/")  # leaves English active in this thread

    response = post(
        {"query": "{ shop { countries(filter: {attachedToShippingZones: false}) { country } } }"},
        client=client,
    )

    assert "Việt Nam" in {country["country"] for country in response.json()["data"]["shop"]["countries"]}
    assert response["Content-Length"] == str(len(response.content))
    assert response["X-Content-Type-Options"] == "nosniff"
    assert not {"Content-Security-Policy", "Content-Language", "Set-Cookie"} & set(response.headers)
