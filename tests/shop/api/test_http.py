"""GraphQL over HTTP: every way of asking that the contract names, with its status and its answer."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from shop.api.endpoint import MAX_BYTES_WITH_FILES
from tests.factories import make_channel
from tests.shop.api.client import ADDRESS, ask, post, refused

pytestmark = pytest.mark.django_db

NAME = "{ shop { name } }"
NAMED = {
    "data": {"shop": {"name": "Chợ Phiên"}},
    "extensions": {"cost": {"requestedQueryCost": 0, "maximumAvailable": 50_000}},
}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", json.dumps({"query": NAME})),
        (
            "application/json; charset=utf-8",
            json.dumps({"query": NAME, "variables": None, "operationName": None}),
        ),
        ("application/json", json.dumps({"query": NAME, "variables": {}, "operationName": ""})),
        ("application/graphql", NAME),
        ("application/x-www-form-urlencoded", "query=%7B%20shop%20%7B%20name%20%7D%20%7D&variables=%7B%7D"),
    ],
)
def test_each_content_type_carries_a_query(kind, body):
    response = post(body, content_type=kind)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content) == NAMED


@pytest.mark.parametrize(
    ("kind", "body", "status", "message"),
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
def test_a_body_that_is_no_request_is_told_so(kind, body, status, message):
    response = post(body, content_type=kind)

    assert response.status_code == status
    answer = json.loads(response.content)
    exception = {"code": "GraphQLError"}
    assert answer == {
        "errors": [{"message": message, "extensions": {"code": "GraphQLError", "exception": exception}}]
    }


def test_a_body_beyond_the_limit_is_not_read():
    body = json.dumps({"query": NAME + "#" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE})

    response = post(body)

    assert response.status_code == 413
    assert json.loads(response.content)["errors"][0]["message"] == "The request is too large."


def test_a_list_of_one_is_answered_with_a_list():
    response = post([{"query": NAME}])

    assert response.status_code == 200
    assert json.loads(response.content) == [NAMED]


def test_a_query_that_does_not_parse():
    error = refused("{ shop")

    assert error == {
        "message": "Syntax Error: Expected Name, found <EOF>.",
        "locations": [{"line": 1, "column": 7}],
        "extensions": {"code": "GraphQLSyntaxError", "exception": {"code": "GraphQLSyntaxError"}},
    }


def test_a_query_that_is_not_valid():
    error = refused("{ shop { colour } }")

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
def test_a_variable_that_does_not_fit(query, variables, message):
    error = refused(query, **variables)

    assert error["message"] == message
    assert error["extensions"]["exception"]["code"] == "GraphQLError"


def test_a_name_that_no_operation_has():
    response = post({"query": "query A { shop { name } } query B { shop { name } }", "operationName": "C"})

    assert response.status_code == 400
    assert json.loads(response.content)["errors"][0]["message"] == "Unknown operation named 'C'."


def test_of_several_operations_the_named_one_is_executed():
    response = post({"query": "query A { shop { name } } query B { shop { id } }", "operationName": "B"})

    assert json.loads(response.content)["data"] == {"shop": {"id": "U2hvcDox"}}


def test_what_fails_in_a_resolver_stands_beside_the_data_with_status_200():
    answer = ask("{ shop { name } channels { id } }")

    assert answer["data"] == {"shop": {"name": "Chợ Phiên"}, "channels": None}
    assert answer["errors"] == [
        {
            "message": "Permission denied: this needs one of AUTHENTICATED_APP, AUTHENTICATED_STAFF_USER.",
            "locations": [{"line": 1, "column": 17}],
            "path": ["channels"],
            "extensions": {"code": "PermissionDenied", "exception": {"code": "PermissionDenied"}},
        }
    ]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head"])
def test_queries_are_posted(method):
    response = getattr(Client(), method)(ADDRESS, {"query": NAME} if method == "get" else "")

    assert response.status_code == 405
    assert response["Allow"] == "POST, OPTIONS"


def test_the_address_without_its_slash_is_another():
    assert (
        Client().post("/graphql", json.dumps({"query": NAME}), content_type="application/json").status_code
        == 404
    )
    assert Client().get("/graphql").status_code == 404


@override_settings(API_ORIGINS=["https://tiem.example"])
def test_browsers_of_named_sites_may_ask_first():
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
def test_an_answer_lets_the_named_site_read_it_with_its_cookies():
    response = post({"query": NAME}, origin="https://tiem.example")

    assert response["Access-Control-Allow-Origin"] == "https://tiem.example"
    assert response["Access-Control-Allow-Credentials"] == "true"
    assert "Access-Control-Allow-Methods" not in response


def test_where_no_site_is_named_any_site_may_ask_but_without_cookies():
    asked = Client().options(ADDRESS, headers={"origin": "https://la.example"})
    answered = post({"query": NAME}, origin="https://la.example")

    for response in (asked, answered):
        assert response["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response
    assert asked["Access-Control-Allow-Methods"] == "POST, OPTIONS"


@override_settings(API_ORIGINS=["*", "https://tiem.example"])
def test_named_sites_keep_their_cookies_beside_any_site():
    stranger = post({"query": NAME}, origin="https://la.example")
    named = post({"query": NAME}, origin="https://tiem.example")

    assert stranger["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in stranger
    assert named["Access-Control-Allow-Origin"] == "https://tiem.example"
    assert named["Access-Control-Allow-Credentials"] == "true"


@override_settings(API_ORIGINS=["https://tiem.example"])
def test_a_site_that_is_not_named_is_let_to_nothing():
    assert "Access-Control-Allow-Origin" not in post({"query": NAME}, origin="https://la.example")
    assert "Access-Control-Allow-Origin" in post({"query": NAME}, origin="https://tiem.example")


def test_a_string_that_is_no_token_of_ours_is_ignored():
    assert ask(NAME, "abc")["data"] == NAMED["data"]


def test_an_unknown_channel_is_null_and_a_malformed_id_an_error():
    make_channel()

    assert ask('{ channel(slug: "la") { id } }')["data"] == {"channel": None}
    assert ask('{ channel(slug: "viet-nam") { currencyCode } }')["data"] == {
        "channel": {"currencyCode": "VND"}
    }
    assert ask('{ channel(id: "VXNlcjox") { id } }')["data"] == {"channel": None}
    (error,) = ask('{ channel(id: "abc") { id } }')["errors"]
    assert error["message"] == "Invalid ID: abc. Expected: Channel."
    assert error["extensions"]["exception"] == {"code": "GraphQLError"}


def test_introspection_of_one_name_costs_one():
    answer = ask("{ __schema { queryType { name } } }")

    assert answer["data"] == {"__schema": {"queryType": {"name": "Query"}}}
    assert answer["extensions"]["cost"]["requestedQueryCost"] == 1


def test_the_key_is_published():
    (key,) = Client().get("/.well-known/jwks.json").json()["keys"]

    assert set(key) == {"kty", "key_ops", "n", "e", "use", "kid", "alg"}
    assert (key["kty"], key["key_ops"], key["use"], key["alg"]) == ("RSA", ["verify"], "sig", "RS256")


def multipart(operations, places, client=None, **files):
    parts = {"operations": json.dumps(operations), "map": json.dumps(places)} | files
    return (client or Client()).post(ADDRESS, parts)


UPLOAD = {"query": NAME, "variables": {"file": None, "files": [None]}}


def test_files_come_as_parts_of_the_body():
    file = SimpleUploadedFile("a.txt", b"abc")

    response = multipart(UPLOAD, {"0": ["variables.file", "variables.files.0"]}, **{"0": file})

    assert response.status_code == 200
    assert response.json() == NAMED


@pytest.mark.parametrize(
    ("operations", "places", "message"),
    [
        (UPLOAD, {"1": ["variables.file"]}, "There is no file for the part '1' of `map`."),
        (UPLOAD, {"0": "variables.file"}, "There is no file for the part '0' of `map`."),
        (
            UPLOAD,
            {"0": ["variables.other"]},
            "`map` names 'variables.other', which `operations` does not have.",
        ),
        (
            UPLOAD,
            {"0": ["variables.files.7"]},
            "`map` names 'variables.files.7', which `operations` does not have.",
        ),
        (UPLOAD, {"0": ["query.x"]}, "`map` names 'query.x', which `operations` does not have."),
        ([UPLOAD], {}, "`operations` must be a single operation, and `map` an object."),
        (UPLOAD, [], "`operations` must be a single operation, and `map` an object."),
    ],
)
def test_files_that_have_no_place_are_told(operations, places, message):
    response = multipart(operations, places, **{"0": SimpleUploadedFile("a.txt", b"abc")})

    assert response.status_code == 400
    assert response.json()["errors"][0]["message"] == message


def test_parts_that_are_missing_or_no_json_are_told():
    for parts, message in (
        ({"map": "{}"}, "A multipart request needs the parts `operations` and `map`."),
        ({"operations": "{", "map": "{}"}, "`operations` and `map` must be JSON."),
        ({"operations": '{"query": "\\u0000"}', "map": "{}"}, "Texts may not hold the character NUL."),
    ):
        response = Client().post(ADDRESS, parts)
        assert (response.status_code, response.json()["errors"][0]["message"]) == (400, message)


def test_one_file_stands_in_few_places():
    file = SimpleUploadedFile("a.txt", b"abc")

    response = multipart(UPLOAD, {"0": ["variables.file"] * 51}, **{"0": file})

    message = "`map` may name 50 places at the most."
    assert (response.status_code, response.json()["errors"][0]["message"]) == (400, message)


def test_files_beyond_the_limit_are_not_read():
    headers = {"CONTENT_LENGTH": str(MAX_BYTES_WITH_FILES + 1)}

    response = Client().post(ADDRESS, {"operations": "{}", "map": "{}"}, **headers)

    assert response.status_code == 413
    # A length that is no number is none: what there is to read is read.
    assert Client().post(ADDRESS, {"operations": "{}", "map": "{}"}, CONTENT_LENGTH="x").status_code == 400
