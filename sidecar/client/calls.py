"""What every method of the client stands on: one call, derived from its endpoint."""

import copy
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, ParamSpec, Protocol, Self, TypeVar, cast

from pydantic import ValidationError

from sidecar.api.endpoint import Endpoint
from sidecar.api.words import ApiModel
from sidecar.client.desk import Ask, Desk, Reply
from sidecar.client.problems import NotOurs, problem_of

Model = TypeVar("Model", bound=ApiModel)
P = ParamSpec("P")

KEY_BYTES: Final = 18


class Page(Protocol):
    """One page of a list."""

    @property
    def next(self) -> str | None: ...


Paged = TypeVar("Paged", bound=Page)


class Calls:
    """Calls endpoints at a desk."""

    def __init__(self, desk: Desk, *, key: str = "") -> None:
        self._desk = desk
        self._key = key

    def once(self, key: str) -> Self:
        """Return the same client for one `POST` under a key of your own (`Idempotency-Key`).

        Called again with the key and the same arguments, also by another process, it is answered
        as before. Without it each call has a key of its own, which only its own tries share.
        """
        keyed = copy.copy(self)
        keyed._key = key  # noqa: SLF001 - our own copy
        return keyed

    async def call(self, ask: Ask, answer: type[Model]) -> Model:
        """Return what the endpoint answers.

        Raises:
            ProblemError: the call was refused, or it failed.
            Unreachable: nobody answered.
            NotOurs: what came back is no answer of the management API.

        """
        reply = await self.ask(ask)
        kind = ask.endpoint.answers[reply.status]
        if kind is None or not issubclass(kind, answer):
            message = f"{ask.endpoint.name} does not answer {reply.status} with {answer.__name__}"
            raise NotOurs(message)
        try:
            # Fields that a newer sidecar tells beside those that are known here do no harm.
            return kind.model_validate_json(reply.body, extra="ignore")
        except ValidationError as odd:
            message = f"{ask.endpoint.name}: the answer does not fit ({odd.error_count()} faults)"
            raise NotOurs(message) from None

    async def ask(self, ask: Ask) -> Reply:
        """Return the answer as it came, once it is known to be one.

        Raises:
            ProblemError: the call was refused, or it failed.
            Unreachable: nobody answered.
            NotOurs: what came back is no answer of the management API.

        """
        if ask.endpoint.replayable:
            ask = replace(ask, key=self._key or secrets.token_urlsafe(KEY_BYTES))
        reply = await self._desk.reply(ask)
        if reply.status not in ask.endpoint.answers:
            raise problem_of(reply)
        return reply

    async def text(self, endpoint: Endpoint) -> str:
        """Return an answer that is no model's, as text."""
        return (await self.ask(Ask(endpoint))).body.decode("utf-8", "replace")


async def pages(
    method: Callable[P, Awaitable[Paged]], *args: P.args, **kwargs: P.kwargs
) -> AsyncIterator[Paged]:
    """Yield each page that the method gives, from the first one or the `cursor` that is given."""
    follow = cast("Any", method)
    said: dict[str, object] = dict(kwargs)
    while True:
        page: Paged = await follow(*args, **said)
        yield page
        if page.next is None:
            return
        said["cursor"] = page.next
