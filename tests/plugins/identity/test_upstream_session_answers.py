"""What the application's answer means."""

from dataclasses import replace

import pytest

from sidecar.core.errors import IdentityUnavailable, UpstreamTimedOut, UpstreamUnreachable
from sidecar.core.model import Claims, Identity, Person
from sidecar.storage.vault import KeyRing, RootKey
from tests.conformance.lent import Application
from tests.plugins.identity.asking import ADA, failing, telling, who

NO_DOCUMENTS: list[object] = [{}, [], None, "ada"]
NO_USERS: list[object] = [None, {}, "ada", ["ada"]]
NO_SUBJECTS: list[object] = [
    *("", None, True, False, 1.0, [], {}, ["ada"]),
    *("a\x00", "\ud800", "\u202ea", "\ufb01", "a" * 256),
]
NO_SESSIONS: list[object] = [None, "", True, [], {}]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 399, 401, 403])
async def test_nobody(status: int) -> None:
    """Refusals and redirects show that the credential belongs to nobody."""
    assert await who(telling(status=status)) is None


@pytest.mark.parametrize(
    ("anonymous", "answer", "means_nobody"),
    [
        ({"pointer": "/user", "equals": None}, {"user": None}, True),
        ({"pointer": "/user", "equals": None}, ADA, False),
        ({"pointer": "/signed_in", "equals": False}, {"signed_in": False}, True),
        ({"pointer": "/signed_in", "equals": False}, {"signed_in": True, **ADA}, False),
        ({"pointer": "", "equals": {}}, {}, True),
        ({"pointer": "/user/id", "equals": "anonymous"}, {"user": {"id": "anonymous"}}, True),
    ],
)
async def test_the_anonymous_answer(
    anonymous: dict[str, object], answer: object, means_nobody: bool
) -> None:
    """A configured answer shows that it, and no other, means nobody."""
    assert (await who(telling(answer), anonymous=anonymous) is None) == means_nobody


@pytest.mark.parametrize(
    "application",
    [
        *(telling(status=status) for status in (100, 201, 204, 206, 400, 404, 407, 418, 429)),
        *(telling(status=status) for status in (500, 502, 503, 504)),
        telling(headers=((b"Content-Type", b"text/html; charset=utf-8"),)),
        telling(headers=((b"content-type", b"application/xhtml+xml"),)),
        *(
            telling(body=body)
            for body in (
                b"",
                b"<html>",
                b"\xff",
                b'{"user": {"id": "ada"}',
                b'{"user": {"id": "ada"}} {}',
                b'{"user": {"id": "ada"}, "user": {"id": "eve"}}',
                b'{"user": {"id": NaN}}',
                b'{"user": {"id": ' + b"9" * 5000 + b"}}",
                b"[" * 60_000,
            )
        ),
        *(
            telling(answer)
            for answer in (
                *NO_DOCUMENTS,
                *({"user": user} for user in NO_USERS),
                *({"user": {"id": subject}} for subject in NO_SUBJECTS),
            )
        ),
        failing(UpstreamUnreachable("refused")),
        failing(UpstreamTimedOut("2 s")),
    ],
)
async def test_failing_to_know_is_never_nobody(application: Application) -> None:
    """Everything unexpected shows that it is a failure, neither a person nor nobody."""
    with pytest.raises(IdentityUnavailable):
        await who(application)


async def test_a_missing_pointer_is_a_failure() -> None:
    """Configured places that hold nothing show a failure, but for claims that are no keys."""
    for changed in (
        {"anonymous": {"pointer": "/state/user", "equals": None}},
        {"session": "/sid"},
        {"groups": "/groups"},
    ):
        with pytest.raises(IdentityUnavailable, match="nothing at"):
            await who(telling(), **changed)
    told = await who(telling(), email="/user/email", phone="/user/phone", name="/user/name")
    assert told is not None
    assert told.claims == Claims(name="Ada")


@pytest.mark.parametrize("groups", [None, "staff", {}, [1], [""], [None], ["a\n"], [["a"]]])
async def test_groups_are_read_whole_or_not_at_all(groups: object) -> None:
    """Lists that cannot be read show a failure: a rule may ask more of a group."""
    with pytest.raises(IdentityUnavailable):
        await who(telling({"user": {"id": "ada", "groups": groups}}), groups="/user/groups")


async def test_everything_that_is_told() -> None:
    """A full answer shows that all of it arrives, under the source's own name and realm."""
    answer = {
        "user": {"id": 7, "name": " Ada ", "mail": ["ada@example.com"], "phone": "+491"},
        "groups": ["staff", "admins"],
    }
    cookies = ((b"Set-Cookie", b"a=1; Path=/"), (b"X-Other", b"x"), (b"set-cookie", b"b=2"))
    assert await who(
        telling(answer, headers=cookies),
        name="/user/name",
        email="/user/mail/0",
        phone="/user/phone",
        groups="/groups",
    ) == Identity(
        Person("shop", "7"),
        "app_login",
        Claims("Ada", "ada@example.com", "+491", frozenset({"staff", "admins"})),
        set_cookies=(b"a=1; Path=/", b"b=2"),
    )


async def test_folding_only_where_asked_for() -> None:
    """One spelling of a name shows two people by default, and one where the application folds."""
    big, small = telling({"user": {"id": "\uff21da"}}), telling({"user": {"id": "ada"}})
    folds = ["nfkc", "casefold"]
    first, second = await who(big, normalize=folds), await who(small, normalize=folds)
    assert first is not None
    assert second is not None
    assert first.person == second.person == Person("shop", "ada")
    upper = await who(telling({"user": {"id": "ADA"}}))
    assert upper is not None
    assert upper.person.subject == "ADA"


async def test_a_login_has_a_value_that_is_not_the_session_id() -> None:
    """The session pointer shows a value that changes with it and gives nothing away."""

    async def login(session: object) -> str:
        told = await who(telling({**ADA, "sid": session}), session="/sid")
        assert told is not None
        return told.login

    assert await login("s3cret") == await login("s3cret") != await login("other")
    assert "s3cret" not in await login("s3cret")
    assert await login(7)
    for session in NO_SESSIONS:
        with pytest.raises(IdentityUnavailable):
            await login(session)


async def test_errors_tell_no_personal_data() -> None:
    """An answer that cannot be read shows that its text is in no error, nor in its cause."""
    with pytest.raises(IdentityUnavailable) as caught:
        await who(telling(body=b'{"mail": "ada@example.com"'))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_a_login_is_known_under_every_key() -> None:
    """While keys are replaced, a login shows its value under each, the new one first."""
    old = RootKey("k1", b"1" * 32, active=False)
    rings = (KeyRing((replace(old, active=True),)), KeyRing((RootKey("k2", b"2" * 32), old)))
    before, after = [
        await who(telling({**ADA, "sid": "s3cret"}), session="/sid", keyed=ring.of("login"))
        for ring in rings
    ]
    assert before is not None
    assert after is not None
    assert before.known_as == ()
    assert (after.login != before.login, after.known_as) == (True, (before.login,))
