"""Why a request is decided as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.decision import Allow, Deny, Enroll, Evidence, Identify, StepUp
from sidecar.core.decision import Portfolio as Holds
from sidecar.core.errors import MalformedRequest
from sidecar.core.model import AuthenticatorId, Claims, Identity, Person, Proof, Standing
from sidecar.core.policy import Facts, select
from sidecar.proxy.arrival import Arrival, Credentials, Head, Inbound, Origin
from sidecar.settings.explain import Explanation, Question, explain
from sidecar.wiring import router
from tests.unit.settings import build

LOADED = build.load(
    public=["https://shop.example.com", "http://localhost:8080"],
    login={"paths": ["/login"]},
    policy={
        "rules": [
            {"name": "pay", "path": "/Pay/**", "level": "two_factor", "max_age": "5m"},
            {"name": "ada", "path": "/x", "subjects": "ada", "level": "one_factor"},
            {"name": "staff", "path": "/x", "groups": ["staff"], "level": "deny"},
            {"name": "net", "from": "10.0.0.0/8", "methods": "PUT", "level": "one_factor"},
            {"name": "local", "host": "localhost", "path": "/l", "level": "one_factor"},
        ]
    },
)

ROUTER = router(LOADED)
HIDDEN = "a path of ours under a reading that is not plain"


def evidence(subject: str = "", *groups: str, proofs: tuple[Proof, ...] = ()) -> Evidence:
    who = Identity(Person("app", subject), "app", Claims(groups=frozenset(groups)))
    return Evidence(who if subject else None, proofs, None, LOADED.levels)


def ask(
    url: str, about: Evidence | None = None, *, method: str = "GET", client: str = ""
) -> Explanation:
    return explain(LOADED, Question(method, url, client, about or evidence()), build.NOW)


def chosen(told: Explanation) -> list[str]:
    return [row.rule.name for row in told.rows if row.chosen]


def criteria(told: Explanation, name: str) -> dict[str, str]:
    (row,) = (row for row in told.rows if row.rule.name == name)
    return {item.name: item.holds for item in row.criteria}


def test_each_criterion_is_told() -> None:
    """A request shows per rule which criteria hold, with the line of the rule."""
    told = ask("/x", evidence("ada", "staff"), client="10.1.1.1")
    assert isinstance(told.decision, Allow)
    assert chosen(told) == ["ada"]
    assert criteria(told, "ada") == {"path": "yes", "subjects": "yes"}
    assert criteria(told, "staff") == {"path": "yes", "groups": "yes"}
    assert criteria(told, "net") == {"methods": "no", "from": "yes"}
    assert criteria(told, "local") == {"path": "no", "host": "no"}
    assert criteria(told, "default") == {}
    lines = {row.rule.name: row.line for row in told.rows}
    assert len(set(lines.values())) == len(lines)


def test_reasons_name_value_and_wanted() -> None:
    """The reason of each criterion shows what was compared with what."""
    told = ask("/x", evidence("bob", "staff"))
    reasons = {item.name: item.reason for row in told.rows for item in row.criteria}
    assert reasons["groups"] == "staff is among staff"
    assert reasons["subjects"] == "app:bob is not among ada"
    assert reasons["from"] == "no address is not among 10.0.0.0/8"
    assert isinstance(told.decision, Deny)
    assert {i.reason for row in ask("/x").rows for i in row.criteria if i.name == "groups"} == {
        "nobody is not among staff"
    }


def test_every_reading_counts() -> None:
    """A path that may be read in two ways shows both, and the strictest decision."""
    told = ask("/LOGIN")
    assert told.readings == ("/LOGIN", "/login")
    assert criteria(told, "login") == {"path": "some"}
    assert chosen(told) == ["login", "default"]
    assert isinstance(told.decision, Identify)
    assert told.outcome == "Identify: unidentified requests meet `refuse`"


@pytest.mark.parametrize(
    ("url", "outcome"),
    [
        ("/a/../b", "400 malformed-request: path class dot_segment is refused"),
        ("/a%zz", "400 malformed-request: path has bytes that no URI path has"),
        ("/%5fsidecar/x", f"400 malformed-request: {HIDDEN}"),
        ("/_SIDECAR/x", f"400 malformed-request: {HIDDEN}"),
        ("https://localhost/x", "421 misdirected-request: localhost is not served here"),
        ("https://other.example/x", "421 misdirected-request: other.example is not served here"),
        ("/_sidecar/account", "the sidecar's own pages answer"),
    ],
)
def test_what_never_reaches_the_policy_is_told(url: str, outcome: str) -> None:
    """Refused paths, foreign hosts and our own pages show that no rule is asked."""
    told = ask(url)
    assert (told.outcome, told.decision, told.rows) == (outcome, None, ())


def test_proofs_are_judged_by_their_age() -> None:
    """A proof of three minutes satisfies, one of six does not: shows that age counts."""
    proof = Proof("totp", AuthenticatorId("a"), ("otp",), build.NOW)
    told = ask("/pay/1?x=1", evidence("ada", proofs=(proof,)))
    assert isinstance(told.decision, Allow)
    assert isinstance(ask("/pay/1", evidence("ada")).decision, StepUp)
    never = Evidence(evidence("ada").identity, (), Holds(Standing.NEVER_ENROLLED), LOADED.levels)
    assert isinstance(ask("/pay/1", never).decision, Enroll)


def test_absolute_urls_choose_the_host() -> None:
    """URLs of the second origin show that its host is judged, default ports being the same."""
    assert criteria(ask("http://localhost:8080/l"), "local") == {"path": "yes", "host": "yes"}
    assert ask("https://shop.example.com:443").readings == ("/",)
    assert ask("https://SHOP.example.com?x").origin == "https://shop.example.com"


@given(
    st.sampled_from(["", "_sidecar", "_Sidecar", "%5fsidecar", "pay"]),
    st.text("/aA;%2f.", max_size=6),
    st.sampled_from(["shop.example.com", "localhost:8080"]),
)
def test_what_is_explained_is_what_is_routed(start: str, rest: str, authority: str) -> None:
    """Any path shows that the explanation and the router refuse and take over the same ones."""
    path = f"/{start}{rest}"
    told = ask(f"https://{authority}{path}")
    inbound = Inbound(
        "GET", path, (1, 1), (), "127.0.0.1", secure=False, upgrade=False, has_body=False
    )
    origin = Origin("https", authority)
    head = Head(origin, "127.0.0.1", (), b"", 0, Credentials(origin, (), {}))
    arrival = Arrival(inbound, head, path, None)
    try:
        routed = ROUTER.route(arrival)
    except MalformedRequest:
        assert told.outcome.startswith("400 malformed-request")
    else:
        assert (routed.page, not routed.page) == (
            told.outcome == "the sidecar's own pages answer",
            told.decision is not None,
        )


@given(
    st.text("/aAxXpy;%2f.", max_size=8),
    st.sampled_from(["GET", "PUT"]),
    st.sampled_from(["", "10.0.0.1"]),
    st.sampled_from(["", "ada", "bob"]),
)
def test_what_is_explained_is_what_is_done(
    path: str, method: str, client: str, subject: str
) -> None:
    """Any request shows that the explained rules are those the matcher chooses."""
    about = evidence(subject)
    told = ask(f"/{path}", about, method=method, client=client)
    if told.decision is not None:
        facts = Facts(method, "shop.example.com", f"/{path}", client)
        rules = {rule.name for rule in select(LOADED.policy.route(facts), about.identity)}
        assert set(chosen(told)) == rules
        for row in told.rows:
            holds = [item.holds for item in row.criteria]
            assert not (row.chosen and "no" in holds)


@pytest.mark.parametrize(
    ("method", "url", "told"),
    [
        ("POST", "/login", True),
        ("GET", "/login", False),
        ("GET", "/login?code=1", True),
        ("POST", "/x", False),
    ],
)
def test_several_replicas_are_told_of_sign_ins(method: str, url: str, told: bool) -> None:
    """A request that may sign somebody in shows that all replicas hear of it first."""
    server = {"database": "postgresql+asyncpg://u:p@127.0.0.1/x"}
    many = build.load(login={"paths": ["/login"]}, replicas=2, storage=server)
    asked = Question(method, url, "", evidence())
    assert ("every replica" in explain(many, asked, build.NOW).outcome) is told
    assert "replica" not in explain(LOADED, asked, build.NOW).outcome
