"""The description of the API."""

import json
import re
from typing import Any

import pytest

from sidecar.api.endpoint import Endpoint
from sidecar.api.endpoints import ENDPOINTS, TAGS, description, named
from sidecar.api.words import ApiModel

FOUND = description()
SCHEMAS: dict[str, Any] = FOUND["components"]["schemas"]


def operation(endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = FOUND["paths"][endpoint.path][endpoint.method.lower()]
    return found


def test_every_endpoint_is_described() -> None:
    """The endpoints show one operation each, and no operation is of none."""
    described = {
        (method.upper(), path) for path, found in FOUND["paths"].items() for method in found
    }
    assert described == {(one.method, one.path) for one in ENDPOINTS}
    assert len({one.name for one in ENDPOINTS}) == len(ENDPOINTS) == len(described)
    assert {one.tag for one in ENDPOINTS} == {*TAGS}


def test_references_lead_somewhere() -> None:
    """Every reference shows a schema that is there."""
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(FOUND)))
    assert used <= {*SCHEMAS}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.name)
def test_links_lead_somewhere(endpoint: Endpoint) -> None:
    """Every link shows an endpoint that takes what it says, from fields that are there."""
    for follow in endpoint.follows:
        other = named(follow.endpoint)
        parameters = {one["name"] for one in operation(other).get("parameters", ())}
        assert {*follow.parameters} <= parameters
        assert {*follow.body} <= {*(other.body.model_fields if other.body else ())}
        for place in (*follow.parameters.values(), *follow.body.values()):
            source = endpoint.body if place.startswith("request:") else _answered(endpoint)
            assert source is not None
            assert place.removeprefix("request:").split("/")[1] in source.model_fields, place


def _answered(endpoint: Endpoint) -> type[ApiModel] | None:
    return endpoint.answers[endpoint.status]


@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.body is not None], ids=lambda one: one.name
)
def test_examples_are_sound(endpoint: Endpoint) -> None:
    """The example of every body shows to be accepted."""
    assert endpoint.body is not None
    assert endpoint.example
    endpoint.body.model_validate_json(json.dumps(endpoint.example))


@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.answer_example], ids=lambda one: one.name
)
def test_examples_of_answers_are_sound(endpoint: Endpoint) -> None:
    """The example of an answer shows to be one."""
    model = _answered(endpoint)
    assert model is not None
    model.model_validate_json(json.dumps(endpoint.answer_example))


def test_scopes_are_told() -> None:
    """Every guarded operation shows its scope, and every scope is of use."""
    for endpoint in ENDPOINTS:
        security = operation(endpoint).get("security")
        expected = endpoint.scope and [
            {kind: [endpoint.scope]} for kind in ("token", "certificate")
        ]
        assert security == expected


def test_bodies_refuse_what_they_do_not_know() -> None:
    """Every schema of ours shows that nothing unknown is taken."""
    for name, schema in SCHEMAS.items():
        if schema.get("type") == "object" and name != "Problem" and "properties" in schema:
            assert schema["additionalProperties"] is False, name


def test_answers_say_all_their_fields() -> None:
    """An answer shows every field of its model, always."""
    config = SCHEMAS["Config"]
    assert {*config["required"]} == {*config["properties"]}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.name)
def test_headers_are_told(endpoint: Endpoint) -> None:
    """Calls that may be repeated, and answers that have a version, show their headers."""
    told = {
        one["name"] for one in operation(endpoint).get("parameters", ()) if one["in"] == "header"
    }
    assert ("Idempotency-Key" in told) is (endpoint.method == "POST")
    assert ("If-Match" in told) is endpoint.conditional
