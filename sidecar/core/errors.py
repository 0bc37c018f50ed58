"""Every failure the sidecar can name, with the slug that programs see."""

from enum import StrEnum
from typing import ClassVar

from sidecar.core.model import Prompt


class SidecarError(Exception):
    """A failure with a public name; the text is for logs and operators, never for clients."""

    slug: ClassVar[str] = "internal-error"
    status: ClassVar[int] = 500

    retry_after_s: int | None = None
    """Seconds after which the same call may go through; None where waiting does not help."""


class Retryable(SidecarError):
    """A failure that waiting may cure; carries the seconds to wait."""

    def __init__(self, message: str = "", *, retry_after_s: int = 5) -> None:
        super().__init__(message)
        self.retry_after_s = max(1, retry_after_s)


class MalformedRequest(SidecarError):
    """The request can be read in more than one way, or in none."""

    slug = "malformed-request"
    status = 400


class BodyTooLarge(SidecarError):
    """The request's body has more bytes than the rule allows (RFC 9110 §15.5.14)."""

    slug = "body-too-large"
    status = 413


class MisdirectedRequest(SidecarError):
    """The Host names none of the origins that the configuration lists (RFC 9110 §15.5.20)."""

    slug = "misdirected-request"
    status = 421


class NotIdentified(SidecarError):
    """No identity source says who this is."""

    slug = "not-identified"
    status = 401


class CredentialUndeclared(SidecarError):
    """The request carries a credential that no identity source asks about."""

    slug = "credential-undeclared"
    status = 401


class StepUpRequired(SidecarError):
    """Known, but what was proven is too weak or too old for this request."""

    slug = "step-up-required"
    status = 401


class EnrollmentRequired(SidecarError):
    """The person has never set up a factor and this request needs one."""

    slug = "enrollment-required"
    status = 403


class RecoveryNeeded(SidecarError):
    """The person once had a factor and has none usable: never a second first enrollment."""

    slug = "recovery-needed"
    status = 403


class AccessDenied(SidecarError):
    """The policy, or a conflict between credentials, refuses this request."""

    slug = "access-denied"
    status = 403


class CrossSiteRefused(SidecarError):
    """A page of another origin, a frame, a script or a service worker reached for our pages.

    Or a page of another origin asked for a WebSocket in its visitor's name.
    """

    slug = "cross-site-refused"
    status = 403


class InvitationNeeded(SidecarError):
    """First enrollment is guarded, and the code offered is missing, spent, expired or another's."""

    slug = "invitation-needed"
    status = 403


class NotFound(SidecarError):
    """There is no such thing, or it belongs to somebody else: one answer for both."""

    slug = "not-found"
    status = 404


class Conflict(SidecarError):
    """Somebody else changed it first, or it is no longer in a state that allows this."""

    slug = "conflict"
    status = 409


class ChallengeGone(SidecarError):
    """Expired, consumed, exhausted or never there: one answer for all, so that nothing leaks."""

    slug = "challenge-gone"
    status = 410


class ResponseRejected(SidecarError):
    """The answer to a challenge was wrong; `reason` says how, where that leaks nothing.

    `over` says that the challenge is used up, `challenge` which enrollment is open in its place,
    `tell` what the page's script should know.
    """

    slug = "response-rejected"
    status = 422

    def __init__(
        self,
        reason: str = "wrong",
        *,
        hint_s: int | None = None,
        over: bool = False,
        tell: Prompt | None = None,
        challenge: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint_s = hint_s
        self.over = over
        self.tell = tell
        self.challenge = challenge


class TooManyAttempts(Retryable):
    """A bound on guesses, messages or requests is reached; nothing was checked."""

    slug = "too-many-attempts"
    status = 429


class Undelivered(StrEnum):
    """Why a letter was not taken."""

    UNAVAILABLE = "unavailable"
    """The provider could not be reached or is busy; it surely did not take it."""
    REFUSED = "refused"
    """The provider does not serve us: credentials, quota, sender; another provider may."""
    RECIPIENT = "recipient"
    """Nobody can be reached at this address, by whomever."""
    UNSURE = "unsure"
    """The answer is missing: the letter may be on its way."""


class DeliveryFailed(SidecarError):
    """A message could not be handed to any transport."""

    slug = "delivery-failed"
    status = 502

    def __init__(
        self,
        message: str = "",
        *,
        why: Undelivered = Undelivered.UNAVAILABLE,
        retry_after_s: int | None = None,
        challenge: str = "",
    ) -> None:
        super().__init__(message)
        self.why = why
        self.retry_after_s = retry_after_s
        self.challenge = challenge
        """Id of the ceremony whose code it was: it stays open, and can be sent again."""


class UpstreamUnreachable(SidecarError):
    """The application did not take the connection, or broke it before it answered."""

    slug = "upstream-unreachable"
    status = 502


class UpstreamBusy(UpstreamUnreachable, Retryable):
    """The application has as many requests as it may have, and others wait already."""

    slug = "upstream-busy"
    status = 503

    def __init__(self, message: str = "", *, retry_after_s: int = 1) -> None:
        super().__init__(message, retry_after_s=retry_after_s)


class UpstreamTimedOut(SidecarError):
    """The application took the connection and did not answer in time."""

    slug = "upstream-timed-out"
    status = 504


class IdentityUnavailable(Retryable):
    """An identity source could not tell who this is; failing to know is never "nobody"."""

    slug = "identity-unavailable"
    status = 503


class Unserved(StrEnum):
    """Why the database did not do a transaction."""

    UNREACHABLE = "unreachable"
    """It cannot be reached, says nothing, or takes nobody now."""
    OVERDUE = "overdue"
    """It gave a statement up, for that took too long."""
    CROWDED = "crowded"
    """Too many wait already, for a connection or for what another transaction holds."""
    READ_ONLY = "read_only"
    """It can be read and takes no change: another server has its part now, or its disk is full."""
    BROKEN = "broken"
    """It answered with what it never should: not the store that was proven, or a fault of ours."""
    BESIDE = "beside"
    """It works, and what lies beside it cannot be had: sessions in a Redis that is down."""


class StoreUnavailable(Retryable):
    """The database cannot be used now; it allowed nothing, and nothing confirmed was lost."""

    slug = "store-unavailable"
    status = 503

    def __init__(
        self, message: str = "", *, retry_after_s: int = 5, why: Unserved = Unserved.BROKEN
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.why = why


class ClockOff(SidecarError):
    """Times of this process do not mean the same as the database's; readiness says so."""


class LimiterUnavailable(Retryable):
    """Volume cannot be counted, so the work is not begun."""

    slug = "limiter-unavailable"
    status = 503


class PluginFailed(SidecarError):
    """A plugin raised; the person learns a request id, the operator the traceback."""

    slug = "plugin-failed"
    status = 500


class SealBroken(SidecarError):
    """A sealed value does not open, or opens as another person's, table's, column's or row's.

    Treated as unreadable: what it protected is unusable, never absent.
    """

    def __init__(self, message: str = "", *, moved: bool = False) -> None:
        super().__init__(message)
        self.moved = moved
        """It opens, and was sealed to another place: somebody copied it."""


class StaleMaterial(Conflict):
    """The authenticator changed between reading and storing; the caller lost the race."""
