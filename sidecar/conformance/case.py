"""What a check is given: how to build the factor, and a device that answers as its owner would."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from sidecar.core.messages import Message
from sidecar.core.model import Prompt, Response
from sidecar.core.protocols import Factor


class Broken(Exception):
    """The plugin does not hold to a promise; the text says what it did, for its author."""


class Late(Broken):
    """A call did not end within its time."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the owner of a device has before them at one step of a ceremony."""

    prompt: Prompt
    messages: tuple[Message, ...]
    """What reached the person at this step: a code by SMS, a link by mail."""
    now: datetime
    origin: str
    """The origin of the page, as the browser knows it."""


class Device(Protocol):
    """What one person holds: it learns at enrollment and answers afterwards.

    A new one is made for each person by calling the class without arguments.
    """

    @property
    def pace(self) -> timedelta:
        """After how long the device has its next answer; zero where it always has one."""
        ...

    def enroll(self, seen: Seen) -> Response:
        """Return the right answer to a step of an enrollment."""
        ...

    def answer(self, seen: Seen) -> Response:
        """Return the right answer to a challenge."""
        ...

    def wrong(self, seen: Seen) -> Response | None:
        """Return an answer in the right form that is not right; None where none can be wrong."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """Return what must never be seen in a log line or a repr, in every spelling there is."""
        ...


@dataclass(frozen=True, slots=True)
class Case:
    """A factor under test; `build` makes a fresh instance as another process would."""

    name: str
    build: Callable[[], Factor]
    device: Callable[[], Device]
    files: Path | None = None
    """The plugin's own templates, as `Plugin.files` names them."""
    limit_s: float = 5.0
    """How long one call may take: `plugin_timeout` of sidecar.yaml."""
