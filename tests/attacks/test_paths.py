"""Spellings of paths that got past other guards (THREATS 1-16, HTTP 1.5)."""

import time

import pytest

from sidecar.core.assurance import Requirement
from sidecar.core.errors import MalformedRequest
from sidecar.core.model import Level
from sidecar.core.paths import DEFAULT_TREATMENTS, PathClass, Treatment, refuse
from sidecar.core.policy import Effect, Facts, Policy, Rule, bypassed

NEED = Requirement(Level.TWO_FACTOR)
DEFAULT = Rule("default", Effect.REQUIRE, NEED)
READ_ALL = dict.fromkeys(PathClass, Treatment.READ)

GUARDED = Policy(
    (
        Rule("admin", Effect.REQUIRE, NEED, paths=("/admin/**",)),
        Rule("rest", Effect.BYPASS, NEED, paths=("/**",)),
    ),
    DEFAULT,
)
OPENED = Policy((Rule("public", Effect.BYPASS, NEED, paths=("/public/**",)),), DEFAULT)


def spelled(text: str) -> list[str]:
    return text.split()


def verdict(policy: Policy, path: str) -> str:
    """Return `refused`, `bypass` or `guarded`."""
    try:
        refuse(path, DEFAULT_TREATMENTS)
        route = policy.route(Facts("GET", "shop.example.com", path, "192.0.2.1"))
    except MalformedRequest:
        return "refused"
    return "bypass" if bypassed(route) else "guarded"


@pytest.mark.threat(2, 4, 8)
@pytest.mark.conforms("ASVS-6.3.4")
@pytest.mark.parametrize(
    "path",
    spelled("""
        /admin /admin/ //admin ///admin// /ADMIN /Admin/Users /%61dmin /%41dmin /%61%64%6D%69%6e
        /admin%2f /admin%2Fusers /%2fadmin /%2Fadmin /admin;x=1 /admin;jsessionid=1/users
        /;/admin /;x/admin /%3b/admin /admin%3bx /admin%3Bx/y /admin%23 /admin%3fx=1 /admin/%2f
        /%61dmin;%2fb //%61DMIN;a=b//users;c/
    """),
)
def test_no_spelling_of_a_guarded_path_is_open(path: str) -> None:
    """THREATS 2, 4, 8 and the framework matrix of HTTP 1.5: shows that every spelling which some
    server takes for `/admin` needs what `/admin` needs, though all else is open.
    """
    assert verdict(GUARDED, path) == "guarded"


@pytest.mark.parametrize(
    "path",
    spelled("""
        /public /public/ /public/app.css /public/a@2x.png /public/A-B_c~d.e /public/caf%C3%A9
        /public/a%20b /public/a;v=1/b /public/a//b /public/a%2Fb /public/what%3F
    """),
)
def test_open_paths_stay_open(path: str) -> None:
    """Shows that a bypass is reachable with every spelling that no reading leads out of."""
    assert verdict(OPENED, path) == "bypass"


@pytest.mark.parametrize(
    "path",
    spelled("""
        /publicity /Public/x /PUBLIC //public /%70ublic /public%2fx /public;x/y /public;/..x
        /x/public /public%3fx /;/public
    """),
)
def test_a_bypass_needs_every_reading(path: str) -> None:
    """HTTP 1.5 (6, 8): shows that a path which is open under some reading only is not open."""
    assert verdict(OPENED, path) == "guarded"


@pytest.mark.threat(1, 3, 5, 8, 10)
@pytest.mark.conforms("ASVS-6.3.4")
@pytest.mark.parametrize(
    "path",
    [
        *spelled("""
        /public/../admin /public/%2e%2e/admin /public/%2E%2e/admin /public/.%2e/admin
        /public/%2e%2e%2fadmin /public/..%2fadmin /public/..;/admin /public/..;x=y/admin
        /public/%2e%2e;/admin /public/..%3b/admin /public/..%3f/admin /public/..%23/admin
        /public/..%5cadmin /public%5c..%5Cadmin /./admin /%2e/admin /x/..//admin /admin/.
        /admin/.. /api%2e/./secret /.. /. /public/%252e%252e/admin /public/..%252fadmin
        /%2561dmin /%25%36%31dmin /%252561dmin /admin%00 /admin%00.css /admin%0a /admin%0d%0aX:y
        /admin%7f /admin%09 /admin#x /public#/../admin /admin?x /a% /a%z0 /a%2 /a%u002f
        /%c0%af.. /public%c0%afadmin /public/%c0%ae%c0%ae/admin /public/%e0%80%af
        /public/%f0%80%80%af /public/%C1%9cadmin * admin http://shop.example.com/admin
        """),
        "/public/..\\admin",
        "/public\\..\\admin",
        "/a b",
        "/a\tb",
        "/a\x00b",
        "/a\x7fb",
        "/café",
        "/caf\udcc3\udca9",
        "",
    ],
)
def test_malformed_paths_are_refused(path: str) -> None:
    """THREATS 1, 3, 5, 8, 10 and more inputs: shows that bad escapes, dot segments, backslashes,
    controls, fragments, double and overlong encodings are 400, even where everything is open.
    """
    assert verdict(GUARDED, path) == verdict(OPENED, path) == "refused"


@pytest.mark.threat(9, 10, 16)
@pytest.mark.parametrize(
    ("regex", "path"),
    [
        (r"/api/.*/status", "/private"),
        (r"/public/[^/]+/endpoint", "/public/secret%23/endpoint"),
        (r"/status", "/status%0a"),
        (r"/status$", "/status%0A"),
        (r"/status", "/status/private"),
        (r"/status", "/private/status"),
        (r"/Status", "/status%2f..%2fx"),
    ],
)
def test_a_regex_opens_what_it_matches_whole(regex: str, path: str) -> None:
    """THREATS 9, 10, 16: shows that a bypass by regular expression is neither a search nor met by
    only one reading; the query cannot reach it, since no path with `?` is judged.
    """
    rule = Rule("regex", Effect.BYPASS, NEED, regexes=(regex,))
    assert verdict(Policy((rule,), DEFAULT), path) in {"guarded", "refused"}
    assert verdict(Policy((rule,), DEFAULT), "/private?x=/api/x/status") == "refused"


@pytest.mark.parametrize(
    "path",
    ["/ADMIN/users", "/admin", "/admin/", "/%41dmin/x", "/admin//", "/admin%2F", "//admin/x"],
)
def test_a_guarding_regex_is_read_loosely(path: str) -> None:
    """Shows that a rule by regular expression also guards other case and a missing last slash."""
    rule = Rule("regex", Effect.DENY, NEED, regexes=(r"/Admin/.*",))
    rest = Rule("rest", Effect.BYPASS, NEED, paths=("/**",))
    assert verdict(Policy((rule, rest), DEFAULT), path) == "guarded"


@pytest.mark.parametrize(
    "unit", [";a//%2f", "A;/%2f", "%25%32%66", "a/b/", "%7E", "A%C3%89", "%252f", ";", "/", "..;/"]
)
def test_long_paths_cost_little(unit: str) -> None:
    """Paths of 8 KiB made of everything that has readings show that judging one stays far from the
    seconds that let a few clients stop a worker (bound generous, for slow machines).
    """
    wild = Rule("wild", Effect.DENY, NEED, paths=("/**/a/**/b/**/c/**/d", "/*a*/**/*b*c/x"))
    policy = Policy((wild, Rule("Odd", Effect.BYPASS, NEED, paths=("/Odd/", "/x/*"))), DEFAULT)
    path = (
        ("/" + unit * (8190 // len(unit)))[:8190].rstrip("%").removesuffix("%2").removesuffix("%C")
    )
    before = time.process_time()
    try:
        refuse(path, READ_ALL)
        assert not bypassed(policy.route(Facts("GET", "h", path, "")))
    except MalformedRequest:
        pass
    assert time.process_time() - before < 1


def test_too_many_readings_are_refused() -> None:
    """A short path that mixes everything shows that the number of readings is bounded, and that
    beyond it the path is refused rather than judged in part.
    """
    path = "/A;/%2f..%5c.%2fB//;x/./%3b%23%41/%252f%255c%253b%2523%2541/"
    with pytest.raises(MalformedRequest):
        GUARDED.route(Facts("GET", "h", path, ""))
