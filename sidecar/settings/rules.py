"""The section `policy`: what is asked of which requests."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool

from sidecar.settings.kinds import Duration, Glob, Host, Network, OneOrMany, Regex, Size
from sidecar.settings.part import Part


class Demand(StrEnum):
    """What a rule asks of a request."""

    BYPASS = "bypass"
    ONE_FACTOR = "one_factor"
    TWO_FACTOR = "two_factor"
    PHISHING_RESISTANT = "phishing_resistant"
    DENY = "deny"


def _method(value: str) -> str:
    if not (value.isascii() and value.replace("-", "").isalnum() and value == value.upper()):
        raise ValueError("a method is written in upper case, such as GET")
    return value


Method = Annotated[str, AfterValidator(_method)]
RuleName = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]


OnOutage = Literal["deny", "allow_if_proven"]


class RulePart(Part):
    """One rule: all criteria that are written must hold; several values of one are alternatives."""

    name: RuleName
    """Names the rule in logs, metrics and `explain`."""
    path: Annotated[tuple[Glob, ...], OneOrMany()] = ()
    """`*` stays inside a segment, `**` crosses; `/pay/**` matches `/pay` too."""
    regex: Annotated[tuple[Regex, ...], OneOrMany()] = ()
    """Expressions that must match the whole path; beside `path` an alternative to it."""
    host: Annotated[tuple[Host, ...], OneOrMany()] = ()
    """Public host names, without port."""
    methods: Annotated[tuple[Method, ...], OneOrMany()] = ()
    """HTTP methods."""
    networks: Annotated[tuple[Network, ...], OneOrMany()] = Field(default=(), alias="from")
    """Networks of the client's address."""
    groups: Annotated[tuple[str, ...], OneOrMany()] = ()
    """Groups of the person, as the identity source tells them."""
    subjects: Annotated[tuple[str, ...], OneOrMany()] = ()
    """People, by subject or `realm:subject`."""
    level: Demand
    """What must have been proven; `bypass` asks nothing, `deny` refuses."""
    factors: Annotated[tuple[str, ...], OneOrMany()] = ()
    """Only proofs of these factors count."""
    max_age: Duration | None = None
    """Only proofs that are no older count."""
    preflight: Literal["pass"] | None = None
    """CORS preflights go through undecided."""
    cache: Literal["keep"] | None = None
    """The application's caching headers leave as they are."""
    max_body: Size | None = None
    """Requests with a longer body are refused with 413; the application's own limit otherwise."""
    activity: Literal["any"] | None = None
    """Requests of scripts count as activity too, not navigations alone."""
    live: Literal["close"] | None = None
    """Open WebSockets are closed once `max_age` is over, unless something was proven again."""
    on_outage: OnOutage | None = None
    """What happens while the database is down: `deny`, or `allow_if_proven` for whoever's proof
    was in memory before, for five minutes; what `policy.on_outage` says where left out."""


class PolicyPart(Part):
    """Ordered rules; the first that matches decides."""

    default: Literal["one_factor", "two_factor", "phishing_resistant", "deny"] = "two_factor"
    """What is asked where no rule matches; what everybody may see needs a rule of its own."""
    exempt_disabled: StrictBool = False
    """People whose factors an operator switched off pass rules of `two_factor` with nothing proven,
    but none that names factors or an age, and none of `phishing_resistant`."""
    on_outage: OnOutage = "deny"
    """What happens while the database is down, where a rule does not say it. Rules with `max_age`
    and of `phishing_resistant` always deny."""
    rules: tuple[RulePart, ...] = ()
    """From the first to the last."""
