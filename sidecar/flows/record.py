"""Acts become audit events; the one place that knows their names and fields."""

from datetime import datetime

from sidecar.core.model import Event, Person
from sidecar.flows.visit import Visit, coarse


def act(visit: Visit, name: str, now: datetime, **details: str | int | bool) -> Event:
    """Return the event of something that a person did, with where it came from."""
    where = {"network": coarse(visit.address), "user_agent": visit.user_agent[:120]}
    return Event(now, name, visit.person, visit.actor, visit.request_id, {**where, **details})


def operated(
    person: Person | None, name: str, now: datetime, by: str, **details: str | int
) -> Event:
    """Return the event of something that an operator, or a program of theirs, did to a person."""
    return Event(now, name, person, by, details=details)
