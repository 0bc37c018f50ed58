"""`sidecar explain`: which rules a request meets, and why."""

import json
import re
from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, NoReturn

import typer

from sidecar.cli.loading import DEFAULT_PATH, ConfigOption, Format, load
from sidecar.clock import utc_now
from sidecar.core.assurance import able
from sidecar.core.decision import Allow, Deny, Evidence, Identify, Portfolio
from sidecar.core.durations import parse_duration, show_duration
from sidecar.core.model import AuthenticatorId, Claims, Identity, Person, Proof, Standing
from sidecar.core.outage import LASTS
from sidecar.core.policy import Effect, Rule
from sidecar.settings.explain import Explanation, Question, Row, explain
from sidecar.settings.load import Loaded

app = typer.Typer()

EXIT_USAGE = 2

MARKS = {"yes": "+", "no": "-", "some": "~"}


@app.command("explain")
def explain_request(
    method: Annotated[str, typer.Argument(help="GET, POST, …")],
    url: Annotated[str, typer.Argument(help="A path, or a URL with one of the public origins.")],
    *,
    config: ConfigOption = DEFAULT_PATH,
    subject: Annotated[
        str, typer.Option(help="Who asks, as SUBJECT or REALM:SUBJECT; nobody if left out.")
    ] = "",
    group: Annotated[list[str] | None, typer.Option(help="A group of that person.")] = None,
    from_address: Annotated[str, typer.Option(help="The client's address.")] = "",
    proof: Annotated[
        list[str] | None, typer.Option(help="What was proven, and how long ago: totp:3m.")
    ] = None,
    holds: Annotated[
        list[str] | None, typer.Option(help="A factor the person has set up; `none` for nobody's.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How it is printed.")] = Format.TEXT,
) -> None:
    """Show per rule which criteria hold for a request, and what is decided.

    Marks: `*` the rule that decides, `+` holds, `-` does not, `~` under some readings of the path.
    """
    loaded = load(config, secrets=False)
    moment = utc_now()
    evidence = Evidence(
        _identity(loaded, subject, group or []),
        tuple(_proof(loaded, text, moment) for text in proof or []),
        _portfolio(loaded, holds or []),
        loaded.levels,
    )
    if evidence.identity is None and (group or proof or holds):
        _refuse("--group, --proof and --holds say something about a person: name one (--subject)")
    _check(method, from_address)
    told = explain(loaded, Question(method, url, from_address, evidence), moment)
    if form is Format.JSON:
        typer.echo(json.dumps(_as_json(told), indent=2))
    else:
        _print(loaded, told, evidence)


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(EXIT_USAGE)


def _check(method: str, address: str) -> None:
    """Return only for what a request can have: a method token, one client address."""
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", method):
        _refuse(f"{method!r} is no method")
    try:
        ip_address(address or "127.0.0.1")
    except ValueError:
        _refuse(f"--from-address {address}: no address of a client")


def _identity(loaded: Loaded, subject: str, groups: list[str]) -> Identity | None:
    if not subject:
        return None
    realms = [item.realm for item in loaded.sources]
    realm, colon, rest = subject.partition(":")
    person = Person(realm, rest) if colon and realm in realms else Person(realms[0], subject)
    return Identity(person, loaded.sources[0].name, Claims(groups=frozenset(groups)))


def _proof(loaded: Loaded, text: str, moment: datetime) -> Proof:
    name, colon, age = text.partition(":")
    if name not in loaded.levels:
        _refuse(f"--proof {text}: no factor is called {name!r}")
    try:
        since = parse_duration(age if colon else "0s")
    except ValueError as error:
        _refuse(f"--proof {text}: {error}")
    return Proof(name, AuthenticatorId(name), (), moment - since)


def _portfolio(loaded: Loaded, holds: list[str]) -> Portfolio | None:
    if not holds:
        return None
    if holds == ["none"]:
        return Portfolio(Standing.NEVER_ENROLLED)
    unknown = set(holds) - set(loaded.levels)
    if unknown:
        _refuse(f"--holds: no factor is called {min(unknown)!r}")
    return Portfolio(Standing.ENROLLED, tuple(holds))


def _print(loaded: Loaded, told: Explanation, evidence: Evidence) -> None:
    if told.upstream:
        typer.echo(f"{told.origin} -> upstream {told.upstream}")
    for reading in told.readings:
        typer.echo(f"read as {reading}")
    for row in told.rows:
        _print_row(loaded.places.file, row)
    if outage := _outage(told):
        typer.echo(f"while the database is down: {outage}")
    typer.echo("")
    typer.echo(told.outcome)
    if told.decision is not None and not isinstance(told.decision, Allow | Deny | Identify):
        rule = told.decision.rule
        ways = able(tuple(loaded.levels), rule.need, evidence.levels)
        typer.echo(f"needs {_asks(rule)}: a fresh proof by {' or '.join(ways)}")


def _outage(told: Explanation) -> str | None:
    """Return what becomes of a request that needs proofs while the database cannot be reached."""
    asking = [row.rule for row in told.rows if row.chosen and row.rule.effect is not Effect.BYPASS]
    if not asking or any(rule.effect is Effect.DENY for rule in asking):
        return None
    minutes = LASTS.seconds // 60
    if all(rule.outlasts for rule in asking):
        return f"allowed for {minutes} minutes to whoever's proof was in memory, else 503"
    return "503 store-unavailable"


def _print_row(file: str, row: Row) -> None:
    mark = "*" if row.chosen else " "
    typer.echo(f"{mark} {file}:{row.line} {row.rule.name}: {_asks(row.rule)}")
    for item in row.criteria:
        typer.echo(f"    {MARKS[item.holds]} {item.name}: {item.reason}")


def _asks(rule: Rule) -> str:
    """Return what a rule demands, in the words of sidecar.yaml."""
    if rule.effect is not Effect.REQUIRE:
        return rule.effect.name.lower()
    words = [rule.need.level.word]
    if rule.need.factors:
        words.append("by " + " or ".join(sorted(rule.need.factors)))
    if rule.need.max_age is not None:
        words.append(f"at most {show_duration(rule.need.max_age)} old")
    return ", ".join(words)


def _as_json(told: Explanation) -> dict[str, object]:
    return {
        "outcome": told.outcome,
        "decision": type(told.decision).__name__ if told.decision else None,
        "reason_id": told.decision.reason_id if told.decision else None,
        "rule": told.decision.rule.name if told.decision else None,
        "origin": told.origin,
        "upstream": told.upstream,
        "on_outage": _outage(told),
        "readings": told.readings,
        "rules": [
            {
                "name": row.rule.name,
                "line": row.line,
                "asks": _asks(row.rule),
                "chosen": row.chosen,
                "criteria": {item.name: [item.holds, item.reason] for item in row.criteria},
            }
            for row in told.rows
        ],
    }
