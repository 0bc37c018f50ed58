"""One call of the API on its way to its handler, and what comes back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

from aiohttp import web

from sidecar.api.endpoint import Endpoint
from sidecar.api.words import ApiModel
from sidecar.core.clients import ApiClient
from sidecar.core.model import Person
from sidecar.flows.naming import Naming

Model = TypeVar("Model", bound=ApiModel)

REQUEST_ID = web.RequestKey("request_id", str)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was admitted, and whose parts were found sound."""

    endpoint: Endpoint
    client: ApiClient
    """Who calls; nobody in particular where the endpoint is open to anybody."""
    request_id: str
    naming: Naming
    path: Mapping[str, str]
    query: ApiModel | None = None
    body: ApiModel | None = field(default=None, repr=False)
    if_match: str = ""

    def sent(self, kind: type[Model]) -> Model:
        """Return the body, as the kind that the endpoint takes."""
        return _as(self.body, kind)

    def asked(self, kind: type[Model]) -> Model:
        """Return the query, as the kind that the endpoint takes."""
        return _as(self.query, kind)

    def person(self, user_id: str | None = None) -> Person:
        """Return whom the call is about: by the path, or by what was sent.

        Raises:
            InputInvalid: nobody is called so.

        """
        if user_id is None:
            return self.naming.person(self.path["user_id"], parameter="user_id")
        if self.body is None:
            return self.naming.person(user_id, parameter="user_id")
        return self.naming.person(user_id, pointer="/user_id")

    @property
    def actor(self) -> str:
        """Who acts, as the audit trail names it."""
        return self.client.actor


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers; the status is the endpoint's own unless another is given."""

    body: ApiModel | None = field(default=None, repr=False)
    status: HTTPStatus | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = field(default=b"", repr=False)
    """The body where it is no model's; `headers` say what it is."""


Handler = Callable[[Call], Awaitable[Answer]]
Handlers = Mapping[str, Handler]
"""By the endpoint's name."""


def _as(value: ApiModel | None, kind: type[Model]) -> Model:
    if not isinstance(value, kind):
        message = f"the endpoint takes no {kind.__name__}"
        raise RuntimeError(message)  # noqa: TRY004 - a broken composition, not a wrong argument
    return value
