"""The client's methods against the endpoints: all of them, with their parameters and answers."""

import ast
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel

from sidecar.api.endpoint import Endpoint
from sidecar.api.endpoints import ENDPOINTS
from sidecar.api.words import AskedMoment
from sidecar.client.desk import Ask, Reply
from sidecar.client.operations import Operations
from tests.unit.client.test_calls import Answering

REQUIRED = (str, inspect.Parameter.empty)
NOON = datetime.fromisoformat("2026-01-31T12:00:00Z")


class Asked(Exception):
    """Stops a method once it has asked."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask


class Stopping:
    """A desk that answers nobody."""

    async def reply(self, ask: Ask) -> Reply:
        raise Asked(ask)


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def path_of(endpoint: Endpoint) -> list[str]:
    return re.findall(r"{(\w+)}", endpoint.path)


def method(endpoint: Endpoint) -> Callable[..., object]:
    found: Callable[..., object] = getattr(Operations, snake(endpoint.name))
    return found


def fields(model: type[BaseModel] | None) -> Iterator[tuple[str, object, object]]:
    """Yield name, type and default of each field; the type is the one that methods take."""
    if model is None:
        return
    hints = get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        kind = taken(hints[name])
        if field.default_factory is not None:  # what would be shared is made by the API
            yield name, Union[kind, None], None  # noqa: UP007 - made here
        else:
            default = inspect.Parameter.empty if field.is_required() else field.get_default()
            yield name, kind, default


def taken(hint: object) -> object:
    """Return what a method takes where a model holds this: moments, and any sequence."""
    if hint == AskedMoment:
        return datetime
    if get_origin(hint) in {Union, UnionType}:
        return Union[tuple(taken(part) for part in get_args(hint))]  # noqa: UP007 - made here
    if get_origin(hint) is Annotated:
        return taken(get_args(hint)[0])
    if get_origin(hint) is dict:
        return Mapping[tuple(taken(part) for part in get_args(hint))]  # type: ignore[misc]
    if get_origin(hint) is tuple:
        return Sequence[taken(get_args(hint)[0])]  # type: ignore[misc]  # made here
    return hint


def named(endpoint: Endpoint, field: str) -> str:
    return f"new_{field}" if field in path_of(endpoint) else field


def expected(endpoint: Endpoint) -> dict[str, tuple[object, object]]:
    """Return the parameters that a method of the endpoint has: type and default of each.

    What is in the path and in the body, too, is there what it is to be: `new_` and its name.
    """
    found: dict[str, tuple[object, object]] = dict.fromkeys(path_of(endpoint), REQUIRED)
    for model in (endpoint.query, endpoint.body):
        found |= {named(endpoint, name): (kind, default) for name, kind, default in fields(model)}
    if endpoint.conditional:
        found["version"] = (int | None, None)
    return found


def test_every_endpoint_has_its_method_and_every_method_its_endpoint() -> None:
    """The names of both sides show that none is missing and none is left over."""
    public = {name for name in dir(Operations) if not name.startswith("_")}
    beside = {"ask", "call", "once", "text"}
    assert public - beside == {snake(endpoint.name) for endpoint in ENDPOINTS}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_a_method_takes_what_the_endpoint_takes(endpoint: Endpoint) -> None:
    """Parameters with types and defaults show the same on both sides, required ones first."""
    hints = get_type_hints(method(endpoint))
    parameters = list(inspect.signature(method(endpoint)).parameters.values())[1:]
    found = {each.name: (hints[each.name], each.default) for each in parameters}
    assert found == expected(endpoint)
    for each in parameters:
        if each.default is not inspect.Parameter.empty:
            assert each.kind is inspect.Parameter.KEYWORD_ONLY, each.name


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_a_method_returns_what_the_endpoint_answers(endpoint: Endpoint) -> None:
    """The declared result shows the one model of the answers, or text or nothing."""
    models = set(endpoint.answers.values())
    returned = get_type_hints(method(endpoint))["return"]
    if models == {None}:
        assert returned in ({str, dict[str, Any]} if endpoint.media else {NoneType})
    else:
        assert models == {returned}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
async def test_a_method_says_what_it_is_given(endpoint: Endpoint) -> None:
    """A call with a value for every parameter shows each of them in its place, once."""
    said = {name: sample(name, kind) for name, (kind, _) in expected(endpoint).items()}
    with pytest.raises(Asked) as stopped:
        await getattr(Operations(Stopping()), snake(endpoint.name))(**said)
    ask = stopped.value.ask
    assert ask.endpoint is endpoint
    version = said.pop("version", None)
    assert ask.if_match == (f'"{version}"' if version else "")
    assert dict(ask.path) == {name: said[name] for name in path_of(endpoint)}
    for part, model in ((ask.query, endpoint.query), (ask.body, endpoint.body)):
        names = [name for name, _, _ in fields(model)]
        assert dict(part) == {name: said[named(endpoint, name)] for name in names}
    assert ask.target
    assert bool(ask.content) is (endpoint.body is not None)


def sample(name: str, kind: object) -> object:
    """Return a value of the type that names its parameter."""
    if get_origin(kind) in {Union, UnionType}:
        return sample(name, next(part for part in get_args(kind) if part is not NoneType))
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    known: dict[object, object] = {bool: True, int: 7, datetime: NOON, str: f"{name}-value"}
    return known.get(kind, () if get_origin(kind) is Sequence else {})


@pytest.mark.parametrize(
    "endpoint",
    [endpoint for endpoint in ENDPOINTS if endpoint.answer_example],
    ids=lambda endpoint: endpoint.name,
)
async def test_a_method_reads_what_is_answered(endpoint: Endpoint) -> None:
    """The answer that the description gives as an example shows as the model that says it."""
    said = {name: sample(name, kind) for name, (kind, _) in expected(endpoint).items()}
    desk = Answering(endpoint.status, endpoint.answer_example)
    told = await getattr(Operations(desk), snake(endpoint.name))(**said)
    assert isinstance(told, BaseModel)
    example = json.loads(json.dumps(endpoint.answer_example))
    assert told.model_dump(mode="json", exclude_unset=True) == example


def test_what_the_documents_call_is_there() -> None:
    """The methods and parameters in the document on clients show that each exists."""
    text = (Path(__file__).parents[3] / "docs" / "clients.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    shown = ast.parse(code)
    called = [
        (node.func.attr, [word.arg for word in node.keywords])
        for node in ast.walk(shown)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    assert len(called) >= 4
    for name, words in called:
        assert set(words) <= set(inspect.signature(getattr(Operations, name)).parameters)
