"""A sound call of each endpoint: what it takes, about people and things that may be named."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sidecar.api.endpoint import Endpoint
from tests.api.calling import Api, Reply, target_of

USER = "ada"
ELSE = "grace"
UNKNOWN_ID = "unknown-but-well-formed-id"
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "user_id": USER,
        "authenticator_id": UNKNOWN_ID,
        "session_id": UNKNOWN_ID,
        "enrollment_id": UNKNOWN_ID,
        "challenge_id": UNKNOWN_ID,
        "recovery_id": UNKNOWN_ID,
    }
)
"""What a name stands for in a path, in a query or in a body, unless a test says otherwise."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What is sent to an endpoint so that nothing of it is wrong."""

    endpoint: Endpoint
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: dict[str, Any] | None = field(repr=False)

    @property
    def target(self) -> str:
        return target_of(self.endpoint, self.path, self.query)

    async def send(self, api: Api, **how: Any) -> Reply:  # noqa: ANN401 - as Api.call takes it
        """Send it."""
        return await api.call(self.endpoint, self.body, path=self.path, query=self.query, **how)


def sound(endpoint: Endpoint, names: Mapping[str, str] = MappingProxyType({})) -> Sound:
    """Return a sound call, about whom and what the names say.

    Raises:
        KeyError: the endpoint names a thing that this file does not know yet.
    """
    known = {**NAMES, **names}
    path = {name: known[name] for name in placeholders(endpoint)}
    query = {name: known[name] for name in required(endpoint)}
    if endpoint.body is None:
        return Sound(endpoint, path, query, None)
    assert endpoint.example, f"{endpoint.name} has no example of what is sent"
    body = {name: known.get(name, value) for name, value in endpoint.example.items()}
    return Sound(endpoint, path, query, body)


def placeholders(endpoint: Endpoint) -> tuple[str, ...]:
    """Return the names in its path, in order."""
    return tuple(part[1:-1] for part in endpoint.path.split("/") if part.startswith("{"))


def required(endpoint: Endpoint) -> tuple[str, ...]:
    """Return the query parameters that must be there."""
    if endpoint.query is None:
        return ()
    fields = endpoint.query.model_fields
    return tuple(name for name, told in fields.items() if told.is_required())
