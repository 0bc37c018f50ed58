"""The description of the API (OpenAPI 3.1), derived from its endpoints and models."""

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from sidecar import __version__
from sidecar.api.endpoint import Endpoint, Follow
from sidecar.api.problems import Problem
from sidecar.api.words import ApiModel, Identifier, UserId
from sidecar.core.clients import Scope

Json = dict[str, Any]

PROBLEM: Final = "application/problem+json"
REF: Final = "#/components/schemas/{model}"
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_WAITS: Final = frozenset(
    {HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
)
_INTRODUCTION: Final = """\
Manage the second factors of an application's users.

Calls need an API token (`sidecar tokens create`) or a client certificate, with the scope that each
operation names. Bodies are JSON; nothing unknown is accepted. Errors are RFC 9457 problems. A
`POST` with an `Idempotency-Key` may be sent again: it is done once. `API-Version` in a call asks
for a version of this API; answers say which one they are of.
"""

Schemas = Mapping[tuple[Any, JsonSchemaMode], Json]


def describe(endpoints: Iterable[Endpoint], tags: Mapping[str, str]) -> Json:
    """Return the whole description; `tags` says what each group of endpoints is about."""
    listed = tuple(endpoints)
    schemas, definitions = models_json_schema([*_models(listed)], ref_template=REF)
    paths: dict[str, Json] = {}
    for endpoint in listed:
        operations = paths.setdefault(endpoint.path, {})
        operations[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sidecar management API",
            "version": __version__,
            "description": _INTRODUCTION,
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"Scopes: {', '.join(Scope)}.",
                },
                "certificate": {"type": "mutualTLS"},
            },
        },
    }


def _models(endpoints: Iterable[Endpoint]) -> Iterator[tuple[type[ApiModel], JsonSchemaMode]]:
    found: dict[tuple[type[ApiModel], JsonSchemaMode], None] = {(Problem, "serialization"): None}
    for endpoint in endpoints:
        for sent in (endpoint.body, endpoint.query):
            if sent is not None:
                found[sent, "validation"] = None
        for answered in endpoint.answers.values():
            if answered is not None:
                found[answered, "serialization"] = None
    yield from found


def _operation(endpoint: Endpoint, schemas: Schemas) -> Json:
    told: Json = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "responses": {
            **{str(status): _answer(endpoint, status, schemas) for status in endpoint.answers},
            **_problems(endpoint, schemas),
        },
    }
    if endpoint.scope is not None:
        scope = endpoint.scope.value
        text = f"Needs the scope `{scope}`."
        told["description"] = f"{endpoint.text}\n\n{text}" if endpoint.text else text
        told["security"] = [{"token": [scope]}, {"certificate": [scope]}]
    elif endpoint.text:
        told["description"] = endpoint.text
    parameters = [*_parameters(endpoint)]
    if parameters:
        told["parameters"] = parameters
    if endpoint.body is not None:
        content: Json = {"schema": schemas[endpoint.body, "validation"]}
        if endpoint.example:
            content["examples"] = {"example": {"value": endpoint.example}}
        told["requestBody"] = {"required": True, "content": {"application/json": content}}
    return told


def _answer(endpoint: Endpoint, status: int, schemas: Schemas) -> Json:
    model = endpoint.answers[status]
    told: Json = {"description": HTTPStatus(status).phrase, "headers": _headers(endpoint)}
    if model is not None:
        content: Json = {"schema": schemas[model, "serialization"]}
        if endpoint.answer_example:
            content["examples"] = {"example": {"value": endpoint.answer_example}}
        told["content"] = {"application/json": content}
    elif endpoint.media:
        told["content"] = {endpoint.media: {}}
    if endpoint.follows:
        told["links"] = {follow.endpoint: _link(follow) for follow in endpoint.follows}
    return told


def _headers(endpoint: Endpoint) -> Json:
    told: Json = {
        "X-Request-Id": _text("Finds the call in the log."),
        "API-Version": _text("The version of the API that the answer is of."),
    }
    if endpoint.conditional:
        told["ETag"] = _text("The version, for `If-Match`.")
    return told


def _text(what: str) -> Json:
    return {"description": what, "schema": {"type": "string"}}


def _link(follow: Follow) -> Json:
    told: Json = {"operationId": follow.endpoint}
    if follow.parameters:
        told["parameters"] = {name: _from(at) for name, at in follow.parameters.items()}
    if follow.body:
        told["requestBody"] = {name: _from(at) for name, at in follow.body.items()}
    return told


def _from(place: str) -> str:
    """Return the runtime expression of a place in the answer, or in what was sent."""
    side = "request" if place.startswith("request:") else "response"
    return f"${side}.body#{place.removeprefix('request:')}"


def _problems(endpoint: Endpoint, schemas: Schemas) -> Json:
    found: dict[int, list[str]] = {}
    for error in endpoint.all_problems:
        found.setdefault(error.status, []).append(error.slug)
    told = {}
    for status, slugs in sorted(found.items()):
        if status in endpoint.answers:
            continue
        headers = {"X-Request-Id": _text("Finds the call in the log.")}
        if status in _WAITS:
            headers["Retry-After"] = _text("Seconds after which the same call may go through.")
        told[str(status)] = {
            "description": ", ".join(f"`{slug}`" for slug in dict.fromkeys(slugs)),
            "headers": headers,
            "content": {PROBLEM: {"schema": schemas[Problem, "serialization"]}},
        }
    return told


def _parameters(endpoint: Endpoint) -> Iterator[Json]:
    for name in _PARAMETER.findall(endpoint.path):
        kind: Any = UserId if name == "user_id" else Identifier
        schema = TypeAdapter(kind).json_schema()
        described = {"description": schema.pop("description")}
        yield {"name": name, "in": "path", "required": True, "schema": schema, **described}
    if endpoint.query is not None:
        yield from _query(endpoint.query)
    if endpoint.conditional:
        schema = {"type": "string", "pattern": '^(\\*|(W/)?"[0-9]{1,9}")$'}
        yield {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "schema": schema,
            "description": "The `ETag` that was read: only if nobody changed it since.",
        }
    if endpoint.replayable:
        schema = {"type": "string", "pattern": "^[!-~]{1,255}$"}
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": schema,
            "description": "Names this call for a day: sent again, it is answered as before.",
        }


def _query(model: type[ApiModel]) -> Iterator[Json]:
    schema = model.model_json_schema(ref_template=REF)
    for name, found in schema["properties"].items():
        told = dict(found)
        described = {"description": told.pop("description")} if "description" in told else {}
        for choice in told.pop("anyOf", ()):
            if choice.get("type") != "null":  # a query has no null, only what is not there
                told |= choice
        told.pop("default", None)
        told.pop("title", None)
        required = name in schema.get("required", ())
        yield {"name": name, "in": "query", "required": required, "schema": told, **described}
