"""The values everything else speaks in: people, authenticators, challenges, proofs, sessions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum, StrEnum
from typing import NewType

from sidecar.core.messages import Contact, Message

AuthenticatorId = NewType("AuthenticatorId", str)
ChallengeId = NewType("ChallengeId", str)
SessionId = NewType("SessionId", str)
TokenHash = NewType("TokenHash", str)
"""SHA-256 of a bearer token, hex; the only form of a token that is ever stored."""


class Level(IntEnum):
    """How strong a request's proofs are; ordered, so that levels compare."""

    ONE_FACTOR = 1
    TWO_FACTOR = 2
    PHISHING_RESISTANT = 3

    @property
    def word(self) -> str:
        """The word of this level in YAML, API and logs."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, order=True)
class Person:
    """Who: the same subject in two realms is two people (ASVS 6.8.1)."""

    realm: str
    subject: str

    @property
    def user_id(self) -> str:
        """The management API's one-string form, `realm:subject`."""
        return f"{self.realm}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Claims:
    """What the identity source says about a person beside who they are; never used as a key."""

    name: str = ""
    email: str = ""
    phone: str = field(default="", repr=False)
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request is from, for this request."""

    person: Person
    source: str
    """Instance name of the identity source that answered."""
    claims: Claims = Claims()
    login: str = ""
    """Changes when the application's own session does; empty where the source has none."""
    known_as: tuple[str, ...] = ()
    """What `login` was, or is in other processes, while the keys that make it are replaced."""
    set_cookies: tuple[bytes, ...] = field(default=(), repr=False)
    """`Set-Cookie` values of the source's answer, relayed to the visitor unchanged."""


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """A secret both sides know; `state` is the factor's own memory (last step, drift, burned)."""

    secret: bytes = field(repr=False)
    state: Mapping[str, int | str | tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key and its counter; stored in clear and protected by the row's MAC."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    state: Mapping[str, int | str | bool | tuple[str, ...]] = field(default_factory=dict)
    """What the authenticator said of itself at registration: transports, model, backup state."""


@dataclass(frozen=True, slots=True)
class LookupCode:
    """One single-use code: a public selector finds the row, the secret part is only a hash."""

    selector: str
    hash: str = field(repr=False)
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LookupCodes:
    """A set of single-use codes; a new set replaces the old one whole."""

    codes: tuple[LookupCode, ...]

    @property
    def left(self) -> int:
        """How many codes are still unused."""
        return sum(code.used_at is None for code in self.codes)


Material = SharedSecret | PublicKey | LookupCodes


class AuthenticatorStatus(StrEnum):
    """Where an enrolled instance stands; `sidecar.core.states` says what may follow what."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DISABLED = "disabled"
    REMOVED = "removed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Authenticator:
    """One enrolled instance of a factor.

    `material` is None where the sealed value does not open or the row's MAC does not fit: the
    authenticator then still exists, so its person is in recovery and not a newcomer.
    """

    id: AuthenticatorId
    person: Person
    factor: str
    name: str
    status: AuthenticatorStatus
    level: Level
    version: int
    created_at: datetime
    material: Material | None = field(default=None, repr=False)
    last_used_at: datetime | None = None
    detail: str = ""
    """What tells it from others of its kind and may be shown: a masked number, a key's model."""
    held_until: datetime | None = None
    """Until then it proves no more than `held_level` (DESIGN section 6, `enrollment.hold`)."""
    held_level: Level = Level.TWO_FACTOR

    def most(self, now: datetime) -> Level:
        """Return the highest level that a proof by it may give now."""
        return self.level if self.held(now) is None else self.held_level

    def held(self, now: datetime) -> datetime | None:
        """Return from when it gives its level; None: it does already."""
        over = self.held_until is None or now >= self.held_until
        return None if over or self.held_level >= self.level else self.held_until

    @property
    def usable(self) -> bool:
        """Active, readable, and with a code left where it holds codes."""
        if self.status is not AuthenticatorStatus.ACTIVE or self.material is None:
            return False
        return not isinstance(self.material, LookupCodes) or self.material.left > 0


PromptValue = str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a browser or an API client is shown; public, and never HTML."""

    kind: str
    """Names the template `prompts/<kind>.html`."""
    data: Mapping[str, PromptValue] = field(default_factory=dict, repr=False)


Response = Mapping[str, str]
"""What comes back: the fields that the prompt asked for, already bounded in number and length."""


@dataclass(frozen=True, slots=True)
class Started:
    """A ceremony has begun: the prompt is public, the state is private and gets sealed."""

    prompt: Prompt
    state: bytes = field(default=b"", repr=False)
    messages: tuple[Message, ...] = ()
    expires_at: datetime | None = None
    """From when on no answer is right any more; None: when the flow's own time is over."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The new authenticator works; `reveal` is shown once and kept nowhere (backup codes)."""

    material: Material = field(repr=False)
    reveal: Prompt | None = field(default=None, repr=False)
    detail: str = ""
    """Becomes `Authenticator.detail`."""
    contact: Contact | None = field(default=None, repr=False)
    """An address that was just verified: notices go to it from now on."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The answer was right; `material` replaces the old by compare-and-swap.

    Replay, cloned counters and double spending are one mechanism: of two requests that verify
    against the same version, one loses the swap.
    """

    authenticator_id: AuthenticatorId
    amr: tuple[str, ...]
    material: Material | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The answer was wrong; `reason` is one of `sidecar.core.protocols.REASONS`.

    A rejection may still replace material of the authenticator it names: the TOTP clock hint
    burns the step it hints at.
    """

    reason: str = "wrong"
    hint_s: int | None = None
    """For `clock-off`: by how many seconds the device's clock runs ahead (negative: behind)."""
    over: bool = False
    """The challenge is used up by this: another has to be begun (a WebAuthn challenge is)."""
    tell: Prompt | None = field(default=None, repr=False)
    """Something the page's script should know: that a credential is unknown to us."""
    authenticator_id: AuthenticatorId | None = None
    material: Material | None = field(default=None, repr=False)


class Purpose(StrEnum):
    """What a ceremony is for; an object of one purpose is never accepted for another."""

    SIGN_IN = "sign_in"
    ENROLL = "enroll"
    CONFIRM = "confirm"
    """A code to an address that the identity source states, before a first enrollment."""
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Challenge:
    """One open ceremony, bound to person, session, purpose and (where given) action."""

    id: ChallengeId
    person: Person
    session_id: SessionId
    purpose: Purpose
    factor: str
    action: str
    authenticator_id: AuthenticatorId | None
    """The pending authenticator of an enrollment, or the only one that a challenge asks for; None
    for a challenge of a whole factor."""
    prompt: Prompt
    state: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime


REMEMBERED = "remembered-browser"
"""Stands where a proof names its factor; no instance name has a hyphen, so none can be this."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Evidence kept in the session; what it is worth is computed at each use, never stored."""

    factor: str
    authenticator_id: AuthenticatorId
    amr: tuple[str, ...]
    at: datetime
    most: Level = Level.PHISHING_RESISTANT
    """No higher level comes of it: what its authenticator was allowed when it was given."""

    @property
    def remembered(self) -> bool:
        """It was given at another time, and this browser is remembered for it."""
        return self.factor == REMEMBERED


class SessionStatus(StrEnum):
    """Where a session stands."""

    PENDING = "pending"
    PROVEN = "proven"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Session:
    """A server-side record behind an opaque cookie; it holds proofs, never a level."""

    id: SessionId
    person: Person
    status: SessionStatus
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime
    proofs: tuple[Proof, ...] = ()
    login: str = ""
    """The `Identity.login` under which the proofs were given; another value drops them."""
    epoch: int = 0
    """The person's epoch when the session began; a higher one now means that it is over."""
    user_agent: str = ""
    address: str = ""
    """Truncated for display: never a full address."""
    client: str = ""
    """The API client that saw the proofs; empty for a browser's session. No token opens it."""

    @property
    def proven(self) -> bool:
        """A factor was proven in it; that its browser is remembered proves nothing."""
        return any(not proof.remembered for proof in self.proofs)


class Standing(Enum):
    """Where a person stands with factors; decides between enrollment, challenge and recovery."""

    NEVER_ENROLLED = "never_enrolled"
    ENROLLED = "enrolled"
    RECOVERY_NEEDED = "recovery_needed"


@dataclass(frozen=True, slots=True)
class Account:
    """The durable facts about a person, one row of `two_factor_configs`."""

    person: Person
    enabled: bool
    epoch: int
    created_at: datetime
    enrolled_at: datetime | None = None
    """Set at the first confirmed authenticator and cleared only by an operator's reset."""
    required: bool = False
    """The person must keep a second factor: the last usable one is not theirs to remove."""
    version: int = 0
    """Grows with every change of what is configured; 0: nothing ever was."""
    reset_at: datetime | None = None
    """When an operator last reset the person, or forgave their tries."""


@dataclass(frozen=True, slots=True)
class Event:
    """One act for the audit trail."""

    at: datetime
    name: str
    """`noun.verb`, such as `authenticator.added`."""
    person: Person | None
    actor: str
    """`self`, `operator:<name>`, `api:<client>`, `link` or `system`."""
    request_id: str = ""
    details: Mapping[str, str | int | bool] = field(default_factory=dict)
