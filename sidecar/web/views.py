"""What each page shows, as values: a handler fills one of these, the renderer does the rest.

Text that people read is never in here, only names that the templates have words for.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from sidecar.core.model import Prompt


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds the content of every page; `language` is what `Catalogs.choose` returned."""

    language: str
    now: datetime
    account: str = ""
    """Name of the person acted on, shown with "not you?"; empty where nobody is known."""
    csrf: str = field(default="", repr=False)
    here: str = ""
    """Path and query that show this page again, for the language picker; empty where nothing
    does (codes shown once, answers to a POST): a link would lose what is on the screen."""


def is_local(address: str) -> bool:
    r"""Say whether a browser stays on this origin: it reads `//x` and `/\x` as another host."""
    return address.startswith("/") and address[1:2] not in ("/", "\\") and address.isprintable()


AnswerFault = Literal["wrong", "malformed", "already-used", "clock-off", "locked", "expired"]
FaultKind = AnswerFault | Literal["invitation", "not-kept", "bad-name"]
Reason = Literal["sign-in", "stale", "stronger"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What was wrong with what the person sent."""

    kind: FaultKind
    offset_s: int = 0
    """For `clock-off`: how far the device runs ahead (negative: behind)."""
    until: datetime | None = None
    """For `locked`: when the next try is taken."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A factor that the person may set up; `kind` is its plugin, `factor` its instance name."""

    factor: str
    kind: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A factor that the person may answer with."""

    factor: str
    kind: str
    label: str = ""
    detail: str = ""
    """A name or a masked target, never the whole address."""
    last_used: datetime | None = None
    locked_until: datetime | None = None
    left: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """The prompt of the factor asked for, with the other ways below it.

    Without a prompt the page offers to begin: GET begins nothing.
    """

    current: Offer
    prompt: Prompt | None = None
    challenge: str = ""
    others: tuple[Offer, ...] = ()
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class EnrollStartView:
    """First visit or one more method: which factor, and the invitation where one is asked for."""

    template: ClassVar[str] = "enroll_start"
    choices: tuple[Choice, ...]
    first: bool = True
    invited: bool = False
    invitation: str = field(default="", repr=False)
    opening: str = ""
    stopped: bool = False
    """A form was on its way to the application and did not arrive."""
    next: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class EnrollView:
    """The ceremony of one factor; nothing is active before its answer was verified."""

    template: ClassVar[str] = "enroll"
    choice: Choice
    prompt: Prompt = field(repr=False)
    enrollment: str = ""
    first: bool = True
    stopped: bool = False
    next: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class BackupCodesView:
    """A new set of codes, shown this once; the prompt is of kind `lookup_codes`."""

    template: ClassVar[str] = "backup_codes"
    prompt: Prompt = field(repr=False)
    made_at: datetime
    first: bool = True
    """The last step of setting up; otherwise the set replaces an older one."""
    stopped: bool = False
    enrollment: str = ""
    next: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class ChallengeView:
    """Confirm that it is you, why, and for how long."""

    template: ClassVar[str] = "challenge"
    question: Question
    opening: str = ""
    """What is being opened; empty: only the application is named."""
    reason: Reason = "sign-in"
    lasts: timedelta | None = None
    fields: tuple[tuple[str, str], ...] = ()
    """What the page was asked for, carried through its forms."""
    stopped: bool = False
    next: str = ""


ActionKind = Literal["add", "remove", "codes", "rename"]


@dataclass(frozen=True, slots=True)
class ConfirmView:
    """A change of the account that takes a proof of its own, and what it will do."""

    template: ClassVar[str] = "confirm"
    action: ActionKind
    name: str = ""
    """Of the authenticator; empty: its `kind` is named."""
    question: Question | None = None
    """Without it the page only asks "really?" and posts `fields` to `to`."""
    to: str = "challenge/answer"
    fields: tuple[tuple[str, str], ...] = ()
    next: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Method:
    """One authenticator in the list of sign-in methods."""

    id: str
    kind: str
    name: str
    """Empty: the templates' word for the kind."""
    added: datetime
    last_used: datetime | None = None
    removable: bool = True
    held_until: datetime | None = None
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Codes:
    """The set of backup codes: how many are left."""

    id: str
    left: int
    total: int
    added: datetime


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One signed-in browser."""

    id: str
    browser: str
    place: str
    started: datetime
    last_seen: datetime
    current: bool = False


ProofEvent = Literal["verified", "wrong-code", "locked", "disabled", "code-used"]
MethodEvent = Literal["added", "removed", "renamed", "codes-made"]
EventKind = ProofEvent | MethodEvent | Literal["session-ended", "sessions-ended", "signed-out"]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of recent activity."""

    at: datetime
    kind: EventKind
    about: str = ""
    browser: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class AccountView:
    """Sign-in methods, backup codes, sessions and recent activity."""

    template: ClassVar[str] = "account"
    methods: tuple[Method, ...]
    codes: Codes | None = None
    codes_offered: bool = True
    choices: tuple[Choice, ...] = ()
    sessions: tuple[SessionLine, ...] = ()
    events: tuple[Event, ...] = ()
    done: Literal["", "added", "renamed", "removed", "codes-made", "session-ended"] = ""
    back: str = "/"
    fault: Fault | None = None
    renaming: str = ""
    """The method whose new name, `typed`, is at fault."""
    typed: str = ""


@dataclass(frozen=True, slots=True)
class ContinueView:
    """Go on to where the person was going, by meta refresh and a link."""

    template: ClassVar[str] = "continue"
    target: str
    stopped: bool = False
    """What was sent did not arrive: say so, and wait for the person to go on."""
    leaving: bool = False
    """On the way to the application's own sign-out."""

    def __post_init__(self) -> None:
        """Refuse what is no web address (javascript:, data:, //host): a link runs it."""
        if not is_local(self.target) and not self.target.startswith(("https://", "http://")):
            raise ValueError("not a place to continue to")


@dataclass(frozen=True, slots=True)
class SignedOutView:
    """Signed out, here or everywhere."""

    template: ClassVar[str] = "signed_out"
    everywhere: bool = False
    back: str = "/"


@dataclass(frozen=True, slots=True)
class RecoveryNeededView:
    """No method is usable, or (`able`) none is at hand: whom to ask."""

    template: ClassVar[str] = "recovery_needed"
    opening: str = ""
    able: bool = True
    next: str = ""


@dataclass(frozen=True, slots=True)
class InvitationNeededView:
    """Setting up needs an invitation code: whom to ask, and where to type one in."""

    template: ClassVar[str] = "invitation_needed"
    next: str = ""


@dataclass(frozen=True, slots=True)
class ErrorView:
    """A problem by its slug, with `next` to start again or a path to open `again`."""

    template: ClassVar[str] = "error"
    slug: str
    request_id: str = ""
    retry_at: datetime | None = None
    next: str = ""
    again: str = ""

    def __post_init__(self) -> None:
        """Refuse to offer a link that leaves this origin."""
        if self.again and not is_local(self.again):
            raise ValueError("not a path of this origin")


Asking = EnrollStartView | EnrollView | BackupCodesView | ChallengeView | ConfirmView
Telling = ContinueView | SignedOutView | RecoveryNeededView | InvitationNeededView | ErrorView
View = Asking | AccountView | Telling
