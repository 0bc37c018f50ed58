from dataclasses import replace

import pytest
from pydantic import ValidationError

from plugins.identity.forwarded_header import ForwardedHeader, Options
from sidecar.core.errors import IdentityUnavailable, MalformedRequest
from sidecar.core.model import Claims, Identity, Person
from sidecar.core.protocols import RequestView
from tests.conformance.identity_source import STRANGER
from tests.conformance.lent import lent

SECRET = "a-shared-secret-of-the-proxy"


def options(**changed: object) -> Options:
    return Options.model_validate({"header": "Remote-User", "from": ["10.1.2.0/28"], **changed})


def source(**changed: object) -> ForwardedHeader:
    return ForwardedHeader(options(**changed), lent("proxy"))


def request(*headers: tuple[str, bytes], peer: str = "10.1.2.3") -> RequestView:
    raw = tuple((name.encode(), value) for name, value in headers)
    return replace(STRANGER, headers=raw, peer=peer)


ADA = ("Remote-User", b"ada")


# --- who is believed --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "believed"),
    [
        ("10.1.2.0", True),
        ("10.1.2.15", True),
        ("::ffff:10.1.2.3", True),
        ("10.1.2.16", False),
        ("10.1.1.255", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("::ffff:10.1.2.16", False),
        ("fd00::1", True),
        ("fd00::1%eth0", True),
        ("fd00::2", False),
        ("", False),
        ("unix:", False),
        ("10.1.2.3, 10.1.2.4", False),
        ("010.001.002.003", False),
    ],
)
async def test_only_listed_connections_are_believed(peer: str, believed: bool) -> None:
    """The address of the connection shows that it alone decides who may name a person."""
    asker = source(**{"from": ["10.1.2.0/28", "fd00::1"]})
    view = request(ADA, peer=peer)
    assert (asker.credential(view) is not None) == believed
    assert (await asker.identify(view) is not None) == believed


async def test_what_a_request_says_of_its_origin_counts_for_nothing() -> None:
    """A client address in the list shows that it is not the connection's (THREATS 56)."""
    view = replace(request(ADA, peer="192.0.2.1"), client="10.1.2.3")
    forged = replace(view, headers=(*view.headers, (b"X-Forwarded-For", b"10.1.2.3")))
    assert await source().identify(forged) is None


@pytest.mark.parametrize("said", [b"", b"wrong", SECRET.encode()[:-1], SECRET.encode() + b"x"])
async def test_a_wrong_secret_is_nobody(said: bytes) -> None:
    """A missing or wrong secret shows that the name beside it counts for nothing."""
    asker = source(secret={"header": "X-Proof", "value": SECRET})
    assert await asker.identify(request(ADA)) is None
    assert await asker.identify(request(ADA, ("X-Proof", said))) is None
    assert await asker.identify(request(ADA, ("X-Proof", SECRET.encode()))) is not None


async def test_a_certificate_is_asked_of_the_connection() -> None:
    """`mtls` shows that only connections that proved themselves are believed."""
    asker = source(mtls=True, **{"from": ["10.0.0.0/8"]})
    assert await asker.identify(request(ADA)) is None
    assert await asker.identify(replace(request(ADA), peer_verified=True)) is not None


async def test_both_proofs_where_both_are_asked_for() -> None:
    """Secret and certificate together show that one of them is not enough."""
    asker = source(mtls=True, secret={"header": "X-Proof", "value": SECRET})
    told = request(ADA, ("X-Proof", SECRET.encode()))
    assert await asker.identify(told) is None
    assert await asker.identify(replace(request(ADA), peer_verified=True)) is None
    assert await asker.identify(replace(told, peer_verified=True)) is not None


@pytest.mark.parametrize(
    ("networks", "wide"),
    [
        (["10.1.2.3"], False),
        (["10.1.2.0/28"], False),
        (["10.1.2.0/28", "10.9.0.0/28"], False),
        (["fd00::/124"], False),
        (["10.1.2.0/27"], True),
        (["10.1.2.0/28", "10.1.2.16/28"], True),
        (["10.1.2.0/28", "10.1.2.3", "10.1.2.16/29", "10.1.2.24/29"], True),
        (["0.0.0.0/0"], True),
        (["::/0"], True),
        (["fd00::/123"], True),
        (["10.1.2.3", "fd00::/64"], True),
    ],
    ids=str,
)
def test_a_wide_list_needs_more_than_an_address(networks: list[str], wide: bool) -> None:
    """Lists of each size show that more than 16 in a row need a secret or a certificate."""
    if wide:
        with pytest.raises(ValidationError, match=r"wider than /28 \(IPv6: /124\)"):
            options(**{"from": networks})
    else:
        options(**{"from": networks})
    options(mtls=True, **{"from": networks})
    options(secret={"header": "X-Proof", "value": SECRET}, **{"from": networks})


# --- what is read -------------------------------------------------------------------------------


async def test_everything_that_is_told() -> None:
    """All configured headers show that they arrive decoded, and the groups one by one."""
    asker = source(
        email_header="Remote-Email",
        name_header="Remote-Name",
        groups_header="Remote-Groups",
        groups_separator="|",
    )
    view = request(
        ADA,
        ("remote-email", b"ada@example.com"),
        ("Remote-Name", "Ada Größe".encode()),
        ("Remote-Groups", "staff| admins,all |größe||".encode()),
    )
    assert await asker.identify(view) == Identity(
        Person("shop", "ada"),
        "proxy",
        Claims("Ada Größe", "ada@example.com", "", frozenset({"staff", "admins,all", "größe"})),
    )


async def test_what_is_not_told_is_empty() -> None:
    """A request with the subject alone shows that nothing else is made up."""
    asker = source(email_header="Remote-Email", groups_header="Remote-Groups")
    told = await asker.identify(request(ADA))
    assert told is not None
    assert told.claims == Claims()


@pytest.mark.parametrize("headers", [(), (("Remote-User", b""),), (("X-Remote-User", b"ada"),)])
async def test_a_trusted_proxy_may_name_nobody(headers: tuple[tuple[str, bytes], ...]) -> None:
    """No name, an empty one, and one in another header show nobody."""
    assert source().credential(request(*headers)) is None
    assert await source().identify(request(*headers)) is None


async def test_an_underscore_is_not_our_header() -> None:
    """The spelling that WSGI folds shows that it neither names nor doubles a person."""
    assert await source().identify(request(("Remote_User", b"eve"))) is None
    told = await source().identify(request(("Remote_User", b"eve"), ADA))
    assert told is not None
    assert told.person.subject == "ada"


async def test_what_is_not_utf8_is_a_failure() -> None:
    """Bytes of another encoding show a failure: which person they mean is a guess."""
    asker = source(groups_header="Remote-Groups")
    for view in (request(("Remote-User", b"ad\xe9")), request(ADA, ("Remote-Groups", b"\xff"))):
        with pytest.raises(IdentityUnavailable):
            await asker.identify(view)


async def test_groups_with_hidden_characters_are_a_failure() -> None:
    """A group that could be another's show a failure, never a shorter list."""
    asker = source(groups_header="Remote-Groups")
    with pytest.raises(IdentityUnavailable):
        await asker.identify(request(ADA, ("Remote-Groups", "staff,ad\u200bmins".encode())))


async def test_folding_only_where_asked_for() -> None:
    """Upper case shows two people by default, and one where the application folds."""
    upper = request(("Remote-User", b"ADA"))
    plain, folded = (
        await source().identify(upper),
        await source(normalize=["casefold"]).identify(upper),
    )
    assert plain is not None
    assert folded is not None
    assert (plain.person.subject, folded.person.subject) == ("ADA", "ada")


def test_the_key_follows_every_header() -> None:
    """Any change of a header that is read shows another key, and none by moved borders."""
    asker = source(email_header="Remote-Email", groups_header="Remote-Groups")
    views = [
        request(ADA),
        request(ADA, ("Remote-Email", b"x")),
        request(ADA, ("Remote-Groups", b"x")),
        request(("Remote-User", b"adax")),
    ]
    assert len({asker.credential(view) for view in views}) == 4


def test_its_headers_are_owned() -> None:
    """The traits show every header that must be taken from everybody's requests."""
    traits = source(
        email_header="Remote-Email", secret={"header": "X-Proof", "value": SECRET}
    ).traits
    assert traits.owned_headers == {"remote-user", "remote-email", "x-proof"}
    assert traits.carriers.headers == {"remote-user", "remote-email"}
    assert not traits.keep


def test_doubled_headers_of_strangers_are_not_looked_at() -> None:
    """A stranger's doubled header shows nobody: it is removed, so it cannot mislead."""
    assert source().credential(request(ADA, ADA, peer="192.0.2.1")) is None
    with pytest.raises(MalformedRequest):
        source().credential(request(ADA, ADA))


def test_the_secret_is_in_no_repr() -> None:
    """Options and source show that the secret is in no repr."""
    made = options(secret={"header": "X-Proof", "value": SECRET})
    assert SECRET not in repr(made)
    assert SECRET not in repr(ForwardedHeader(made, lent()))


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": []},
        {"from": ["10.1.2.3/28"]},
        {"from": ["everywhere"]},
        {"from": [167838211]},
        {"header": "Cookie"},
        {"header": "host"},
        {"header": "X-Forwarded-For"},
        {"header": "Authorization"},
        {"header": "Remote_User"},
        {"header": "Remote User"},
        {"header": ""},
        {"email_header": "remote-user"},
        {"secret": {"header": "Remote-User", "value": SECRET}},
        {"secret": {"header": "X-Proof", "value": "short"}},
        {"groups_separator": ""},
        {"senders": ["10.1.2.3"]},
        {"surprise": 1},
    ],
    ids=str,
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    """Options that could not work, or would weaken, show that they never start."""
    with pytest.raises(ValidationError):
        options(**wrong)


def test_there_is_no_default_list() -> None:
    """Options without `from` show that nobody is believed by default."""
    with pytest.raises(ValidationError, match="from"):
        Options.model_validate({"header": "Remote-User"})
