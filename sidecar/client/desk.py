"""Where calls of the management API are put: over HTTP, or to a sidecar's own store."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import quote, urlencode

from pydantic_core import to_json, to_jsonable_python

from sidecar.api.endpoint import Endpoint

Values = Mapping[str, object]

_PARAMETER: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Ask:
    """One call of an endpoint; None among the values is what was not said."""

    endpoint: Endpoint
    path: Mapping[str, str] = field(default_factory=dict)
    query: Values = field(default_factory=dict)
    body: Values = field(default_factory=dict, repr=False)
    if_match: str = ""
    key: str = ""
    """Names a call that must not be done twice (`Idempotency-Key`)."""

    @property
    def repeatable(self) -> bool:
        """It may be sent again although it may have been done: that changes nothing more.

        A second `DELETE` would find nothing, a second `PUT` of one version another version, and
        what was done would look like a failure.
        """
        keyed = self.endpoint.replayable and bool(self.key)
        return keyed or self.endpoint.method == "GET" or self._put_anyhow

    @property
    def _put_anyhow(self) -> bool:
        return self.endpoint.method == "PUT" and not self.if_match

    @property
    def target(self) -> str:
        """The path and the query, encoded.

        Raises:
            ValueError: what stands in the path is empty.

        """
        path = _PARAMETER.sub(lambda found: _segment(found[1], self.path), self.endpoint.path)
        query = urlencode({name: _word(value) for name, value in _said(self.query).items()})
        return f"{path}?{query}" if query else path

    @property
    def content(self) -> bytes:
        """The body as JSON; empty where the endpoint takes none."""
        return to_json(_said(self.body)) if self.endpoint.body else b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Desk(Protocol):
    """Takes calls, one at a time or many, and answers each."""

    async def reply(self, ask: Ask) -> Reply:
        """Return the answer, a problem included.

        Raises:
            Unreachable: nobody answered.

        """
        ...


def _said(values: Values) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _segment(name: str, values: Mapping[str, str]) -> str:
    """Return a value as one segment of a path; dots too are encoded, for `..` is a step up."""
    value = values[name]
    if not value:
        raise ValueError(f"{name} is empty")
    return quote(value, safe="").replace(".", "%2E")


def _word(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime() if value.tzinfo is None:
            message = "a moment needs an offset"
            raise ValueError(message)
        case _:
            return str(to_jsonable_python(value))
