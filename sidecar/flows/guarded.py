"""A factor as flows know it: it answers in time and in our words, or the call has failed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from sidecar.core import errors
from sidecar.core.errors import PluginFailed, SidecarError
from sidecar.core.messages import Contact, Message, Receipt
from sidecar.core.model import (
    Authenticator,
    Enrolled,
    LookupCodes,
    Prompt,
    PublicKey,
    Rejected,
    Response,
    SharedSecret,
    Started,
    Verified,
)
from sidecar.core.protocols import REASONS, Context, Factor, FactorTraits
from sidecar.metrics.words import Called

T = TypeVar("T")

TellCall = Callable[[str, Called], None]
"""Is told the instance name of each factor that was called, and how it went."""

MOST_STATE_BYTES: Final = 64 * 1024
"""A challenge's row holds it; what a ceremony has to remember takes some hundred."""

_MATERIALS: Final = (SharedSecret, PublicKey, LookupCodes)
_PLAIN: Final = (str, int, bool)


@dataclass(frozen=True, slots=True)
class Templates:
    """What there are templates for; None: whatever there is."""

    prompts: frozenset[str] | None = None
    messages: frozenset[str] | None = None

    def lacking(self, answer: object) -> Iterator[str]:
        """Yield what of an answer nobody could be shown."""
        if isinstance(answer, Enrolled) and answer.reveal is not None:
            yield from self._prompt(answer.reveal)
        if isinstance(answer, Started):
            yield from self._prompt(answer.prompt)
            for message in answer.messages:
                if self.messages is not None and message.template not in self.messages:
                    yield f"no template for the message {message.template!r}"

    def _prompt(self, prompt: Prompt) -> Iterator[str]:
        if self.prompts is not None and prompt.kind not in self.prompts:
            yield f"no template for a prompt of kind {prompt.kind!r}"


ANYTHING: Final = Templates()


def unheard(_name: str, _called: Called) -> None:
    """Nobody counts."""


class GuardedFactor:
    """Any factor; each call ends within the time, with a value that is of its word's very type.

    A subclass of one of our words could answer differently each time it is asked (`level`,
    `authenticator_id`), so it is as wrong as any other object. Code that never awaits cannot be
    stopped from here: the conformance suite finds it.
    """

    def __init__(
        self,
        name: str,
        factor: Factor,
        limit: timedelta,
        *,
        tell: TellCall = unheard,
        templates: Templates = ANYTHING,
    ) -> None:
        self._name = name
        self._factor = factor
        self.traits: FactorTraits = factor.traits
        """What they were at start: no plugin raises its own worth afterwards."""
        self._limit_s = limit.total_seconds()
        self._tell = tell
        self._templates = templates

    async def begin_enrollment(self, context: Context, request: Response) -> Started:
        call = self._called(lambda: self._factor.begin_enrollment(context, request))
        return self._sane(await call, _started)

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Enrolled | Rejected | Started:
        call = self._called(lambda: self._factor.finish_enrollment(context, state, response))
        return self._sane(await call, _enrolled_or_not)

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        call = self._called(lambda: self._factor.begin_challenge(context, authenticators))
        return self._sane(await call, _started)

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        call = self._called(
            lambda: self._factor.finish_challenge(context, authenticators, state, response)
        )
        given = frozenset(item.id for item in authenticators)
        return self._sane(await call, lambda found: _verdict(found, given))

    async def _called(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return whatever the plugin answers.

        Raises:
            PluginFailed: it was late, or raised something that is none of our words.

        """
        try:
            async with asyncio.timeout(self._limit_s) as limit:
                answer = await call()
        except SidecarError as told:
            if type(told).__module__ == errors.__name__:
                self._tell(self._name, Called.ANSWERED)
                raise
            raise self._failed(Called.RAISED, type(told).__name__) from told
        except TimeoutError as broken:
            how = Called.TIMED_OUT if limit.expired() else Called.RAISED
            raise self._failed(how, type(broken).__name__) from broken
        except asyncio.CancelledError as broken:
            if leaving():
                raise
            raise self._failed(Called.RAISED, "CancelledError of its own") from broken
        except (KeyboardInterrupt, GeneratorExit):  # the interpreter's own, and no plugin's
            raise
        except BaseException as broken:
            raise self._failed(Called.RAISED, type(broken).__name__) from broken
        if limit.expired():
            raise self._failed(Called.TIMED_OUT, "it went on although it was stopped")
        return answer

    def _sane(self, answer: T, fits: Callable[[object], bool]) -> T:
        """Return the answer, which is what it has to be.

        Raises:
            PluginFailed: it is something else.

        """
        try:
            sane = fits(answer)
        except Exception as broken:
            raise self._failed(Called.NONSENSE, type(answer).__name__) from broken
        if not sane:
            raise self._failed(Called.NONSENSE, type(answer).__name__)
        for lack in self._templates.lacking(answer):
            raise self._failed(Called.NONSENSE, lack)
        self._tell(self._name, Called.ANSWERED)
        return answer

    def _failed(self, how: Called, what: str) -> PluginFailed:
        """Return the failure, counted; the text names kinds only, for what is raised may tell."""
        self._tell(self._name, how)
        return PluginFailed(f"factor {self._name!r}: {how.name.lower()}: {what}")


def leaving() -> bool:
    """Tell whether this task itself is being cancelled, rather than a plugin making believe."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


# --- what each answer has to be -------------------------------------------------------------------


def is_receipt(found: object) -> bool:
    """Tell whether a transport answered with what it has to."""
    return type(found) is Receipt and _texts((found.provider, found.reference))


def _started(found: object) -> bool:
    return (
        type(found) is Started
        and _prompt(found.prompt)
        and type(found.state) is bytes
        and len(found.state) <= MOST_STATE_BYTES
        and type(found.messages) is tuple
        and all(map(_message, found.messages))
        and (found.expires_at is None or _moment(found.expires_at))
    )


def _enrolled_or_not(found: object) -> bool:
    return is_enrolled(found) or _started(found) or is_rejected(found, frozenset())


def is_enrolled(found: object) -> bool:
    """Tell whether it is an enrollment that can be kept and shown."""
    return (
        type(found) is Enrolled
        and type(found.material) in _MATERIALS
        and type(found.detail) is str
        and (found.reveal is None or _prompt(found.reveal))
        and (found.contact is None or _contact(found.contact))
    )


def _verdict(found: object, given: frozenset[str]) -> bool:
    if type(found) is not Verified:
        return is_rejected(found, given)
    return (
        _texts((found.authenticator_id,))
        and found.authenticator_id in given
        and _texts(found.amr)
        and (found.material is None or type(found.material) in _MATERIALS)
    )


def is_rejected(found: object, given: frozenset[str]) -> bool:
    """Tell whether it is a rejection for a reason of ours, that names none but the given."""
    return (
        type(found) is Rejected
        and _texts((found.reason,))
        and found.reason in REASONS
        and type(found.hint_s) in (int, type(None))
        and type(found.over) is bool
        and (found.tell is None or _prompt(found.tell))
        and (found.authenticator_id is None or found.authenticator_id in given)
        and (found.material is None or type(found.material) in _MATERIALS)
    )


def _prompt(found: object) -> bool:
    return (
        type(found) is Prompt
        and _texts((found.kind, *found.data))
        and all(type(value) in _PLAIN or _texts(value) for value in found.data.values())
    )


def _message(found: object) -> bool:
    return type(found) is Message and _texts(
        (
            *(found.channel, found.template, found.to, found.transport),
            *found.values,
            *found.values.values(),
        )
    )


def _contact(found: object) -> bool:
    return type(found) is Contact and _texts((found.channel, found.to))


def _moment(found: object) -> bool:
    return type(found) is datetime and found.tzinfo is not None


def _texts(found: object) -> bool:
    return type(found) is tuple and all(type(text) is str for text in found)
