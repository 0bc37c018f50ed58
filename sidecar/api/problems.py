"""How every error is told: RFC 9457, with the place of each fault in what was sent."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from sidecar.api.words import ApiModel


class Fault(ApiModel):
    """One thing that is wrong with what was sent."""

    pointer: str
    """Where in the body (RFC 6901), such as `/contacts/0/address`; empty for the whole of it."""
    parameter: str | None = None
    """The path, query or header parameter, where it is not in the body."""
    detail: str
    """What is wrong with it, and what is expected."""


class Problem(ApiModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(extra="allow")

    type: str
    """A page that explains the slug at its end."""
    title: str
    """The slug, in words."""
    status: Annotated[int, Field(ge=400, le=599)]
    """The HTTP status, once more."""
    request_id: str
    """Finds the call in the log."""
    detail: str | None = None
    """What happened in this case, for whoever calls."""
    errors: tuple[Fault, ...] | None = None
    """Each fault of the input, all at once."""
    reason: str | None = None
    """Why a response to a prompt was rejected."""
    challenge_id: str | None = None
    """The ceremony that is open in the place of the one that was answered."""
    over: bool | None = None
    """The challenge is used up by the response: only a new one can be answered."""
    clock_off_s: int | None = None
    """For the reason `clock-off`: by how many seconds the device's clock runs ahead."""
    tell: dict[str, Any] | None = None
    """What the script of the caller's page should know, as a prompt."""
    action: str | None = None
    """What a challenge has to be verified for first."""
    scope: str | None = None
    """The scope that the client lacks."""
