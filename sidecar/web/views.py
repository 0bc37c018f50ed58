"""What each page shows, as values: a handler fills one of these, the renderer does the rest.

Text that people read is never in here, only names that the templates have words for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from sidecar.core.model import Prompt
from sidecar.web.lines import AddressLine, BrowserLine, Codes, Event, Method, SessionLine
from sidecar.web.questions import Choice, Fault, Question, Reason, Target


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds the content of every page; `language` is what `Catalogs.choose` returned."""

    language: str
    now: datetime
    account: str = ""
    """Name of the person acted on, shown with "not you?"; empty where nobody is known."""
    csrf: str = field(default="", repr=False)
    here: str = ""
    """Path and query of this page for the language picker; empty: it would lose what is shown."""


def is_local(address: str) -> bool:
    r"""Say whether a browser stays on this origin: it reads `//x` and `/\x` as another host."""
    return address.startswith("/") and address[1:2] not in ("/", "\\") and address.isprintable()


@dataclass(frozen=True, slots=True)
class EnrollStartView:
    """First visit or one more method: which factor, and the invitation where one is asked for."""

    template: ClassVar[str] = "enroll_start"
    choices: tuple[Choice, ...]
    first: bool = True
    invited: bool = False
    invitation: str = field(default="", repr=False)
    chosen: str = ""
    """The factor that was chosen, where the page is shown again."""
    needed: bool = False
    """What is being opened takes one of these, and the person has none of them."""
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
    until: datetime | None = None
    again_at: datetime | None = None
    """When the message can be sent once more; None: it cannot, or there is none."""
    sent_again: bool = False
    stronger: tuple[Choice, ...] = ()
    """What is safer than a restricted kind, and can be set up instead."""
    naming: bool = False
    """There is one of the kind already, so that a name helps to tell them apart."""
    typed: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the fields that are no secret held, where the page is shown again."""


@dataclass(frozen=True, slots=True)
class EnrolledView:
    """All is set up; one more method keeps a person from being locked out."""

    template: ClassVar[str] = "enrolled"
    choices: tuple[Choice, ...]
    """What could be added now."""
    stopped: bool = False
    next: str = ""


@dataclass(frozen=True, slots=True)
class ConfirmPersonView:
    """Before a first enrollment: a code to an address that the application states.

    Without a prompt it asks where to send it, `confirm/begin` with `target`; with one it asks for
    the code, `confirm/answer` and `confirm/again` with `challenge`.
    """

    template: ClassVar[str] = "confirm_person"
    targets: tuple[Target, ...]
    prompt: Prompt | None = field(default=None, repr=False)
    challenge: str = ""
    until: datetime | None = None
    again_at: datetime | None = None
    sent_again: bool = False
    opening: str = ""
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
    remember: timedelta | None = None
    """How long this browser can be remembered, where that is allowed: the field `remember`."""


@dataclass(frozen=True, slots=True)
class HeldView:
    """What would be enough is too new to count in full; nothing to type here, only when."""

    template: ClassVar[str] = "held"
    until: datetime
    kind: str
    label: str = ""
    name: str = ""
    opening: str = ""
    back: str = "/"
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


MethodDone = Literal["added", "renamed", "removed", "codes-made"]
Done = Literal["", "session-ended", "browser-forgotten", "browsers-forgotten"] | MethodDone


@dataclass(frozen=True, slots=True)
class AccountView:
    """Sign-in methods, backup codes, browsers, addresses and recent activity."""

    template: ClassVar[str] = "account"
    methods: tuple[Method, ...]
    codes: Codes | None = None
    codes_offered: bool = True
    codes_able: bool = True
    choices: tuple[Choice, ...] = ()
    sessions: tuple[SessionLine, ...] = ()
    events: tuple[Event, ...] = ()
    done: Done = ""
    back: str = "/"
    fault: Fault | None = None
    renaming: str = ""
    """The method whose new name, `typed`, is at fault."""
    typed: str = ""
    passkeys: tuple[Prompt, ...] = ()
    """What the person's browser should know of their passkeys: which of them are still good."""
    browsers: tuple[BrowserLine, ...] = ()
    """Remembered ones: `account/browsers/forget` with `browser`, `account/browsers/forget-all`."""
    remembering: bool = False
    """Browsers may be remembered here at all."""
    addresses: tuple[AddressLine, ...] = ()

    @property
    def groups(self) -> tuple[tuple[Method, ...], ...]:
        """The methods of each kind together, kinds in the order of their first."""
        kinds = dict.fromkeys((item.kind, item.label) for item in self.methods)
        return tuple(
            tuple(item for item in self.methods if (item.kind, item.label) == kind)
            for kind in kinds
        )


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
class DisownView:
    """Opened by a link in a notice: what "this wasn't me" does, then what it did.

    Posts `token` to `disown`; whoever holds the link need not be signed in.
    """

    template: ClassVar[str] = "disown"
    kind: str
    token: str = field(default="", repr=False)
    label: str = ""
    name: str = ""
    added: datetime | None = None
    gone: bool = False
    """It is removed or stopped already: only sessions are left to end."""
    done: bool = False
    login: str = ""
    """Where the application's own sign-in is, for after it."""


@dataclass(frozen=True, slots=True)
class ErrorView:
    """A problem by its slug, with `next` to start again or a path to open `again`."""

    template: ClassVar[str] = "error"
    slug: str
    request_id: str = ""
    retry_at: datetime | None = None
    next: str = ""
    again: str = ""
    sent: bool | None = None  # False: the page was only asked for, so it may ask again by itself

    def __post_init__(self) -> None:
        """Refuse to offer a link that leaves this origin."""
        if self.again and not is_local(self.again):
            raise ValueError("not a path of this origin")


SettingUp = EnrollStartView | EnrollView | BackupCodesView | EnrolledView | ConfirmPersonView
Telling = ContinueView | SignedOutView | RecoveryNeededView | InvitationNeededView | ErrorView
View = SettingUp | ChallengeView | ConfirmView | HeldView | DisownView | AccountView | Telling
