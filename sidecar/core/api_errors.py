"""Failures that only programs at the management API meet."""

from dataclasses import dataclass

from sidecar.core.errors import Retryable, SidecarError


class TokenMissing(SidecarError):
    """No API token and no client certificate came with the call (RFC 6750 §3)."""

    slug = "token-missing"
    status = 401


class TokenRefused(SidecarError):
    """The token is not ours, expired, revoked, or not good from here: one answer for all."""

    slug = "token-refused"
    status = 401


class ScopeMissing(SidecarError):
    """The client is known and may not do this (RFC 6750 §3.1)."""

    slug = "scope-missing"
    status = 403

    def __init__(self, scope: str) -> None:
        super().__init__(f"the client lacks the scope {scope}; use a token that has it")
        self.scope = scope


@dataclass(frozen=True, slots=True)
class InputFault:
    """One thing that is wrong with what was sent."""

    detail: str
    pointer: str = ""
    """Where in the body (RFC 6901); empty for the whole of it."""
    parameter: str = ""
    """The path, query or header parameter instead."""


class InputInvalid(SidecarError):
    """It could be read, and does not say what the endpoint takes; nothing was changed."""

    slug = "input-invalid"
    status = 422

    def __init__(self, *faults: InputFault) -> None:
        many = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(f"{many} in what was sent, listed in errors; nothing was changed")
        self.faults = faults


class MediaTypeUnsupported(SidecarError):
    """The body is no JSON, or it is encoded (RFC 9110 §15.5.16)."""

    slug = "media-type-unsupported"
    status = 415


class MethodNotAllowed(SidecarError):
    """The path is there, and does not know the method (RFC 9110 §15.5.6)."""

    slug = "method-not-allowed"
    status = 405


class PreconditionFailed(SidecarError):
    """Somebody changed it since it was read (RFC 9110 §15.5.13)."""

    slug = "precondition-failed"
    status = 412


class VersionUnknown(SidecarError):
    """The call asks for a version of the API that this sidecar does not speak."""

    slug = "version-unknown"
    status = 400


class KeyReused(SidecarError):
    """The idempotency key came before, with another call; a key names one call."""

    slug = "idempotency-key-reused"
    status = 409


class CallUnderway(Retryable):
    """The same call is still being answered, elsewhere."""

    slug = "call-underway"
    status = 409


class ProofNeeded(SidecarError):
    """A change of what the person signs in with, that they have not proven to want.

    Not 401: the program that asks for it is known.
    """

    slug = "proof-needed"
    status = 403

    def __init__(self, action: str) -> None:
        super().__init__(f"have a challenge with the action {action} verified first")
        self.action = action
