"""`sidecar explain`."""

import json
from pathlib import Path

import pytest
import yaml

from tests.unit.cli.conftest import Run

ROOT = Path(__file__).parents[3]
CONFIG = ("-c", str(ROOT / "sidecar.yaml"))


def test_rules_criteria_and_decision_are_shown(run: Run) -> None:
    """A request shows each rule with its line and criteria, the chosen one and the decision."""
    done = run("explain", "GET", "/pay/42", *CONFIG, "--subject", "7", "--proof", "totp:3m")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert "https://shop.example.com -> upstream shop" in lines
    assert "read as /pay/42" in lines
    (chosen,) = (line for line in lines if line.startswith("*"))
    assert chosen.endswith("payments: two_factor, by totp or webauthn, at most 5m old")
    assert "    + path: /pay/** matches" in lines
    assert "    - groups: no group is not among admins" in lines
    assert lines[-1] == "Allow: satisfied"


def test_what_is_missing_is_shown(run: Run) -> None:
    """A proof that is too old shows what would help."""
    done = run("explain", "GET", "/pay/42", *CONFIG, "--subject", "7", "--proof", "totp:9m")
    assert done.output.splitlines()[-2:] == [
        "StepUp: proof-missing",
        "needs two_factor, by totp or webauthn, at most 5m old: a fresh proof by webauthn or totp",
    ]


def test_what_an_outage_changes_is_shown(run: Run, tmp_path: Path) -> None:
    """Requests show whether proofs that were in memory outlast the database; those that need
    none, or never pass, show nothing.
    """
    path = tmp_path / "bearing.yaml"
    written = yaml.safe_load((ROOT / "sidecar.yaml").read_text(encoding="utf-8"))
    written["policy"]["on_outage"] = "allow_if_proven"
    path.write_text(yaml.safe_dump(written))
    asked = ("--subject", "7", "-c", str(path))
    bearing = run("explain", "GET", "/x", *asked).output
    says = "while the database is down: allowed for 5 minutes to whoever's proof was in memory,"
    assert says in bearing
    fresh = run("explain", "GET", "/pay/42", *asked).output
    assert "while the database is down: 503 store-unavailable" in fresh
    for path_of in ("/healthz", "/admin/x"):
        assert "while the database" not in run("explain", "GET", path_of, *asked).output
    told = json.loads(run("explain", "GET", "/x", *asked, "--format", "json").output)
    assert told["on_outage"].startswith("allowed for 5 minutes")


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        (["GET", "/x"], "Identify: unidentified requests meet `redirect`"),
        (["GET", "/x", "--subject", "7", "--holds", "none"], "Enroll: never-enrolled"),
        (["GET", "/x", "--subject", "7", "--holds", "totp"], "StepUp: proof-missing"),
        (["GET", "/admin/x", "--subject", "7"], "Deny: denied-by-rule"),
        (["GET", "/healthz"], "Allow: bypass"),
        (["GET", "/LOGIN/"], "Identify: unidentified requests meet `redirect`"),
        (["GET", "/a/%2e%2e/b"], "400 malformed-request: path class dot_segment is refused"),
        (["GET", "https://x.example/"], "421 misdirected-request: x.example is not served here"),
        (["GET", "/_sidecar/account"], "the sidecar's own pages answer"),
        (["GET", "/x", "--subject", "app_login:7", "--proof", "totp"], "Allow: satisfied"),
        (["GET", "/x", "--from-address", "10.0.0.1"], "Identify: unidentified"),
    ],
)
def test_each_outcome_has_its_line(run: Run, options: list[str], outcome: str) -> None:
    """Requests of every kind show what becomes of them."""
    done = run("explain", *options, *CONFIG)
    assert done.exit_code == 0
    assert outcome in done.output


def test_programs_get_the_same_as_data(run: Run) -> None:
    """JSON shows the readings, the rules, the decision."""
    done = run("explain", "GET", "/LOGIN", *CONFIG, "--format", "json")
    told = json.loads(done.output)
    assert (told["decision"], told["reason_id"], told["rule"]) == (
        "Identify",
        "unidentified",
        "default",
    )
    assert told["readings"] == ["/LOGIN", "/login"]
    assert [rule["name"] for rule in told["rules"] if rule["chosen"]] == ["login", "default"]
    assert told["rules"][0]["criteria"]["path"][0] == "some"
    refused = json.loads(run("explain", "GET", "/a/../b", *CONFIG, "--format", "json").output)
    assert (refused["decision"], refused["rules"]) == (None, [])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--proof", "totp:3m"], "name one (--subject)"),
        (["--group", "admins"], "name one (--subject)"),
        (["--subject", "7", "--proof", "topt:3m"], "no factor is called 'topt'"),
        (["--subject", "7", "--proof", "totp:3"], "a duration is written"),
        (["--subject", "7", "--holds", "sms"], "no factor is called 'sms'"),
    ],
)
def test_questions_that_make_no_sense_are_refused(run: Run, options: list[str], said: str) -> None:
    """Options that contradict each other show why, with the status of wrong usage."""
    done = run("explain", "GET", "/x", *CONFIG, *options)
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize(
    "nonsense",
    [
        ("GET", "/x", "--from-address", "foo"),
        ("GET", "/x", "--from-address", "10.0.0.0/8"),
        ("G ET", "/x"),
    ],
)
def test_nonsense_is_a_usage_error(run: Run, nonsense: tuple[str, ...]) -> None:
    """What no request can have: shows that nothing is decided about it."""
    assert run("explain", *nonsense, *CONFIG).exit_code == 2
