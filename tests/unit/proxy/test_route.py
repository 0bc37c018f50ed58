"""Twin of sidecar/proxy/route.py; the readings have their own tests in core and attacks."""

import pytest

from sidecar.core.assurance import Requirement
from sidecar.core.errors import MalformedRequest, MisdirectedRequest
from sidecar.core.model import Level
from sidecar.core.paths import DEFAULT_TREATMENTS
from sidecar.core.policy import Effect, Policy, Rule, bypassed
from sidecar.proxy.arrival import Origin
from sidecar.proxy.receive import Receiver
from sidecar.proxy.route import Destination, Login, Router
from tests.unit.proxy.requests import arrival, inbound

NEED = Requirement(Level.TWO_FACTOR)
DEFAULT = Rule("default", Effect.REQUIRE, NEED)
OPEN = Rule("open", Effect.BYPASS, NEED, paths=("/open/**",))
HOSTED = Rule("hosted", Effect.DENY, NEED, hosts=frozenset({"admin.test"}))
ANY = Destination("app", frozenset(), DEFAULT_TREATMENTS)
ADMIN = Destination("admin", frozenset({"admin.test"}), DEFAULT_TREATMENTS)


def router(
    *destinations: Destination, prefix: str = "/_sidecar/", login: Login | None = None
) -> Router:
    return Router(
        Policy((HOSTED, OPEN), DEFAULT),
        destinations or (ANY,),
        prefix=prefix,
        login=login or Login(("/login", "/OAuth/**", "/s%73o/"), ("/logout",)),
        passes_unidentified=False,
    )


def test_upstream_by_host() -> None:
    """A host at any port shows its own upstream and rules; others show the one for the rest."""
    receiver = Receiver((Origin("https", "admin.test:8443"), Origin("https", "app.test")), ())
    admin = receiver.receive(inbound(host="admin.test:8443"))
    routed = router(ADMIN, ANY).route(admin)
    assert (routed.upstream, routed.rules[0][0]) == ("admin", HOSTED)
    assert router(ADMIN, ANY).route(arrival()).upstream == "app"
    with pytest.raises(MisdirectedRequest):
        router(ADMIN).route(arrival())


@pytest.mark.parametrize("path", ["/_sidecar/", "/_sidecar/account", "/_sidecar/api/x/"])
def test_our_pages(path: str) -> None:
    """Plain paths under the prefix show that they are ours, and have no rules."""
    routed = router().route(arrival(target=path))
    assert (routed.page, routed.rules) == (True, ())


@pytest.mark.parametrize(
    "path",
    [
        "/_SIDECAR/account",
        "/_Sidecar/",
        "//_sidecar/account",
        "/_sidecar//account",
        "/_sidecar/account//",
        "/%5fsidecar/account",
        "/_sidecar%2faccount",
        "/_sidecar;x/account",
        "/_sidecar/account;x",
        "/_sidecar/%61ccount",
        "/_sidecar/Account",
        "/x;/../_sidecar/account",
        "/_sidecar/../x",
        "/_sidecar\\account",
    ],
)
def test_hidden_prefix(path: str) -> None:
    """A path that is ours only for some readers shows that it is refused (DESIGN section 7)."""
    with pytest.raises(MalformedRequest):
        router().route(arrival(target=path))


@pytest.mark.parametrize("path", ["/_sidecar", "/_sidecars/x", "/x/_sidecar/", "/X/", "/%41"])
def test_not_ours(path: str) -> None:
    """Paths beside the prefix show that they belong to the application."""
    assert not router().route(arrival(target=path)).page


def test_another_prefix() -> None:
    """A configured prefix shows that the default one is the application's then."""
    other = router(prefix="/shop/2fa/")
    assert other.route(arrival(target="/shop/2fa/account")).page
    assert not other.route(arrival(target="/_sidecar/account")).page
    assert other.is_public_page("/shop/2fa/static/x.css")
    assert not other.is_public_page("/shop/2fa/account/static/")


@pytest.mark.parametrize(
    ("path", "login"),
    [
        ("/login", True),
        ("/Login/", True),
        ("//login", True),
        ("/l%6fgin", True),
        ("/login;jsessionid=1", True),
        ("/oauth/back", True),
        ("/OAUTH/back/", True),
        ("/sso", True),
        ("/sso/", True),
        ("/loginx", False),
        ("/x/login", False),
        ("/", False),
    ],
)
def test_login_in_every_reading(path: str, login: bool) -> None:
    """Paths that an application may take for its login show that they are treated as such."""
    assert router().route(arrival(target=path)).login is login


def test_nothing_configured() -> None:
    """Without login paths, no path shows as one."""
    bare = router(login=Login())
    assert not bare.route(arrival(target="/")).login
    assert not bare.route(arrival(target="/logout")).logout
    assert router().route(arrival(target="/LOGOUT/")).logout


def test_open_paths() -> None:
    """A bypass shows only where every reading is one."""
    assert bypassed(router().route(arrival(target="/open/x")).rules)
    assert not bypassed(router().route(arrival(target="/OPEN/x")).rules)
