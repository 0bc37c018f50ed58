"""What an endpoint is: everything about it that validation, description and clients share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from sidecar.api.words import ApiModel
from sidecar.core.api_errors import (
    CallUnderway,
    InputInvalid,
    KeyReused,
    MediaTypeUnsupported,
    ScopeMissing,
    TokenMissing,
    TokenRefused,
    VersionUnknown,
)
from sidecar.core.clients import Scope
from sidecar.core.errors import (
    BodyTooLarge,
    LimiterUnavailable,
    MalformedRequest,
    PluginFailed,
    SidecarError,
    StoreUnavailable,
    TooManyAttempts,
)

ErrorClass = type[SidecarError]
Example = Mapping[str, object]

_ALWAYS: Final[tuple[ErrorClass, ...]] = (
    *(MalformedRequest, VersionUnknown, InputInvalid, StoreUnavailable, LimiterUnavailable),
    SidecarError,
)
_GUARDED: Final[tuple[ErrorClass, ...]] = (
    *(TokenMissing, TokenRefused, ScopeMissing, TooManyAttempts),
)
_WITH_BODY: Final[tuple[ErrorClass, ...]] = (BodyTooLarge, MediaTypeUnsupported)
_POSTED: Final[tuple[ErrorClass, ...]] = (KeyReused, CallUnderway)


MAX_BODY_BYTES: Final = 64 * 1024
"""Of a body about one person. To find all that is wrong with more would hold up other requests."""


@dataclass(frozen=True, slots=True)
class Follow:
    """After the answer, another endpoint can be asked about what it names (OpenAPI link)."""

    endpoint: str
    """The other's name."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Path or query parameter -> JSON pointer into the answer, or `request:` and one into the
    body that was sent."""
    body: Mapping[str, str] = field(default_factory=dict)
    """Field of the other's body -> the same."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method on one path; equal to no other, so that handlers are found by it."""

    method: str
    path: str
    name: str
    """The operation id, in camelCase: what clients call it."""
    tag: str
    summary: str
    """One line."""
    scope: Scope | None
    """What a client needs; None: anybody may ask."""
    answers: Mapping[int, type[ApiModel] | None]
    """What is answered where all is well, by status; None: no body, or one of `media`."""
    media: str = ""
    """The media type of an answer that is no model's JSON."""
    text: str = ""
    """More than the summary says, in Markdown."""
    body: type[ApiModel] | None = None
    max_body_bytes: int = MAX_BODY_BYTES
    query: type[ApiModel] | None = None
    conditional: bool = False
    """Takes `If-Match`, and answers with an `ETag`."""
    problems: tuple[ErrorClass, ...] = ()
    """Errors of its own, beside those that any endpoint may tell."""
    example: Example = field(default_factory=dict)
    """A body, or an answer where there is no body to send."""
    answer_example: Example = field(default_factory=dict)
    follows: tuple[Follow, ...] = ()

    @property
    def replayable(self) -> bool:
        """It takes an `Idempotency-Key`."""
        return self.method == "POST"

    @property
    def all_problems(self) -> tuple[ErrorClass, ...]:
        """Every error that it may tell."""
        found = (*_ALWAYS, *self.problems)
        if self.scope is not None:
            found += _GUARDED
        if self.body is not None:
            found += _WITH_BODY
        if self.replayable:
            found += _POSTED
        return tuple(dict.fromkeys(found))

    @property
    def status(self) -> int:
        """The status of the answer where all is well and nothing else is said."""
        return min(self.answers, default=HTTPStatus.OK)


PLUGIN_PROBLEMS: Final[tuple[ErrorClass, ...]] = (PluginFailed,)
"""Endpoints that ask a factor plugin may tell these."""
