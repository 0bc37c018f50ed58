"""At which step of a rotation an installation is, and what its operator does next."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sidecar.rotating import KeyState, Survey
from sidecar.settings.resting import KeyPart

RESTART = "restart every sidecar, one after the other"


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done now."""

    name: str
    """`none`, `everywhere`, `activate`, `restart`, `reseal`, `drop`; `back`: a wrong order."""
    says: str
    todo: tuple[str, ...] = ()
    """Lines of sidecar.yaml, or a command."""


def next_step(survey: Survey, parts: Sequence[KeyPart], *, replicas: int) -> Step:
    """Return the next step; each is safe only after the one before.

    Processes that could not read what others make would refuse people: so a new key first opens
    everywhere, then makes everything, and the old one goes when nothing needs it.
    """
    active, listed = survey.active, [key for key in survey.keys if key.listed and not key.active]
    if survey.sealing != active.id:
        return _turning(survey, parts, replicas=replicas)
    fresh = [key for key in listed if not key.used]
    if fresh:
        return _spreading(survey, fresh[0], parts)
    used = [key for key in listed if key.used]
    if used:
        return _leaving(survey, used, parts)
    says = f"no rotation is under way; everything is made with {active.id}"
    return Step("none", says, ("sidecar keys rotate --new",))


def _turning(survey: Survey, parts: Sequence[KeyPart], *, replicas: int) -> Step:
    active = survey.active
    lacking = [one.place for one in survey.processes if active.id not in one.keys]
    if lacking or (replicas > 1 and active.known is None):
        who = ", ".join(lacking) or "the other sidecars"
        says = (
            f"{active.id} is active here, but {who} could not read what it makes:"
            f" go back, let {active.id} only open, and {RESTART}"
        )
        return Step("back", says, written(parts, active=survey.sealing))
    says = f"{active.id} is active here, and sidecars still make everything with {survey.sealing}"
    return Step("restart", f"{says}: {RESTART}")


def _spreading(survey: Survey, fresh: KeyState, parts: Sequence[KeyPart]) -> Step:
    lacking = [one.place for one in survey.processes if fresh.id not in one.keys]
    if lacking or (not survey.processes and fresh.known is None):
        who = ", ".join(lacking) or "no sidecar has"
        lacks = f"{fresh.id} is not known to {who}" if lacking else f"{who} {fresh.id} yet"
        return Step("everywhere", f"{lacks}: {RESTART} with this configuration")
    says = f"every sidecar can read what {fresh.id} makes: make it the active key, and {RESTART}"
    return Step("activate", says, written(parts, active=fresh.id))


def _leaving(survey: Survey, used: Sequence[KeyState], parts: Sequence[KeyPart]) -> Step:
    active = survey.active.id
    behind = [one.place for one in survey.processes if one.keys[:1] != (active,)]
    if behind:
        says = f"{', '.join(behind)} still makes everything with an older key: restart it"
        return Step("restart", says)
    needed = [key.id for key in used if not key.droppable]
    if needed:
        says = f"everything is made with {active}; what needs {', '.join(needed)} is to be resealed"
        return Step("reseal", says, ("sidecar keys reseal",))
    gone = [key.id for key in used]
    says = f"nothing needs {', '.join(gone)} any more: take it out of `keys:`, and {RESTART}"
    return Step("drop", says, written(parts, active=active, without=gone))


def written(
    parts: Iterable[KeyPart],
    *,
    active: str,
    without: Iterable[str] = (),
    new: tuple[str, str] | None = None,
) -> tuple[str, ...]:
    """Return the section of sidecar.yaml; `new` is the id and the variable of one more key."""
    gone, lines = set(without), ["keys:"]
    for part in parts:
        if part.id not in gone:
            state = "" if part.id == active else ", state: decrypt"
            lines.append(f"  - {{id: {part.id}, from: {_from(part)}{state}}}")
    if new is not None:
        lines.append(f"  - {{id: {new[0]}, from: {{env: {new[1]}}}, state: decrypt}}")
    return tuple(lines)


def _from(part: KeyPart) -> str:
    """Return where the key comes from, as far as it fits a line; nothing secret is in it."""
    source = part.source
    if source.env is not None or source.file is not None:
        return f"{{{source.kind}: {getattr(source, source.kind)}}}"
    return f"{{{source.kind}: …}}"


def another_id(ids: Iterable[str]) -> str:
    """Return an id that no key ever had: the highest number of them and one."""
    numbers = [int(found[1]) for one in ids if (found := re.search(r"(\d{1,6})$", one))]
    return f"k{max(numbers, default=1) + 1}"
