"""How many messages may be sent: budgets that bound what toll fraud can cost."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StrictBool

from sidecar.settings.kinds import Positive
from sidecar.settings.part import Part

Region = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,6}$")]
"""A country calling code, or the beginning of numbers within one: `+49`, `+1876`."""


class MessagesPart(Part):
    """How many messages may be sent, and where to."""

    regions: tuple[Region, ...] = ()
    """Beginnings of telephone numbers that text messages are sent to; others are refused. There is
    no default: without it no text message is sent."""
    per_person_daily: Positive = 8
    """Messages with codes that one person may cause in a day."""
    per_destination_daily: Positive = 5
    """Messages with codes that one number or address may get in a day."""
    per_region_daily: Mapping[Region, Positive] = Field(default_factory=dict)
    """Text messages to one region in a day."""
    daily: Positive = 10_000
    """Messages with codes in a day, whoever causes them."""
    least_verified: Annotated[int, Field(ge=0, le=100)] = 30
    """Percent of the codes sent in the last quarter of an hour that must have been used; less
    raises the alarm metric (toll fraud sends codes that nobody types)."""
    accept_risk: StrictBool = False
    """Allows text messages to be the only way to confirm who somebody is, although they can be
    intercepted and redirected."""
    stop_unverified: StrictBool = False
    """Stops text messages to a region while too few of its codes are used."""
