"""What a person's keys prove, and which do not count: plugins/factors/webauthn, in use."""

import json
from dataclasses import replace

import pytest

from plugins.factors.webauthn._base64url import encoded
from sidecar.conformance.softkey import SoftKey
from sidecar.core.model import AuthenticatorStatus, Prompt, Rejected, Verified
from tests.plugins.factors.keys import EVE, Owner, webauthn

WRONG = Rejected("wrong", over=True)
UNVERIFIED = Rejected("unverified", over=True)


@pytest.fixture
def ada() -> Owner:
    return Owner(webauthn())


# -- using a key --------------------------------------------------------------------------------


async def test_a_browser_is_asked_to_use_a_key(ada: Owner) -> None:
    """The options show the keys that may answer, and the prompt whether autofill can offer them."""
    one, other = SoftKey(), SoftKey(transports=(), outputs={})
    await ada.enroll(one)
    await ada.enroll(other)
    prompt = (await ada.asked()).prompt
    asked = json.loads(str(prompt.data["options"]))
    ids = [encoded(soft.credential_id) for soft in (one, other)]
    assert (prompt.kind, asked["rpId"]) == ("webauthn", "shop.example.com")
    assert asked["allowCredentials"] == [
        {"type": "public-key", "id": ids[0], "transports": ["usb", "nfc"]},
        {"type": "public-key", "id": ids[1]},
    ]
    assert prompt.data["accepted"] == tuple(ids)
    assert prompt.data["names"] == ("my key", "my key")
    assert prompt.data["conditional"] is True


@pytest.mark.parametrize(
    ("outputs", "offered"),
    [({"credProps": {"rk": False}}, False), ({"credProps": {}}, True), ({}, True)],
)
async def test_autofill_is_offered_where_a_key_may_be_found(
    ada: Owner, outputs: dict[str, object], offered: bool
) -> None:
    """Shows that only keys known not to remember the account are kept out of autofill."""
    await ada.enroll(SoftKey(outputs=outputs))
    assert (await ada.asked()).prompt.data["conditional"] is offered


@pytest.mark.conforms("WEBAUTHN-7.2-BACKUP")
@pytest.mark.parametrize(("be", "amr"), [(False, "hwk"), (True, "swk")])
async def test_a_use_is_kept(ada: Owner, be: bool, amr: str) -> None:
    """A use shows how it was proven, and the new counter and backup state in the replacement."""
    soft = SoftKey(be=be, uv=False)
    await ada.enroll(soft)
    outcome = await ada.use(soft, bs=be, uv=True)
    key = ada.keep(outcome)
    assert isinstance(outcome, Verified)
    assert outcome.amr == (amr, "pop", "user")
    assert (key.sign_count, key.state["bs"], key.state["uv"]) == (2, be, True)
    later = ada.keep(await ada.use(soft, uv=False))
    assert (later.sign_count, later.state["bs"], later.state["uv"]) == (3, False, True)


@pytest.mark.conforms("WEBAUTHN-7.2-COUNTER")
@pytest.mark.threat(63)
async def test_a_counter_that_goes_back_is_a_copy() -> None:
    """A counter that does not grow shows that the key is refused, unless it never counted."""
    ada, soft = Owner(webauthn()), SoftKey()
    await ada.enroll(soft, count=7)
    for count in (7, 6, 0):
        assert await ada.use(soft, count=count) == Rejected("cloned", over=True)
    assert ada.keep(await ada.use(soft, count=8)).sign_count == 8
    grace, quiet = Owner(webauthn()), SoftKey(count=0)
    await grace.enroll(quiet)
    assert grace.keep(await grace.use(quiet)).sign_count == 0
    assert grace.keep(await grace.use(quiet)).sign_count == 0
    assert grace.keep(await grace.use(quiet, count=3)).sign_count == 3


async def test_a_copy_may_be_told_only() -> None:
    """With `sign_count: warn`, a counter that went back shows in the record that it stays ahead."""
    ada, soft = Owner(webauthn(sign_count="warn")), SoftKey()
    await ada.enroll(soft, count=7)
    assert ada.keep(await ada.use(soft, count=3)).sign_count == 7


@pytest.mark.conforms("NIST-IMPR-2", "WEBAUTHN-7.2-UV")
@pytest.mark.threat(63)
async def test_verification_cannot_be_left_out_where_it_is_required() -> None:
    """A use without PIN or biometric shows that it is refused where the challenge demands one."""
    ada, soft = Owner(webauthn(user_verification="required")), SoftKey()
    await ada.enroll(soft)
    assert await ada.use(soft, uv=False) == UNVERIFIED
    assert isinstance(await ada.use(soft), Verified)


@pytest.mark.conforms("WEBAUTHN-7.2-BACKUP")
@pytest.mark.conforms("ASVS-6.5.7")
async def test_a_biometric_is_worth_nothing_without_its_key(ada: Owner) -> None:
    """An answer that says that its user was verified shows a refusal where another key signed it,
    or none, and with the right key no more kinds of evidence than the key alone.
    """
    soft = SoftKey()
    await ada.enroll(soft)
    stranger = SoftKey(credential_id=soft.credential_id, uv=True, count=9)
    stranger.user_handle = soft.user_handle
    assert await ada.use(stranger) == WRONG
    assert await ada.use(soft, uv=True, signature=b"") == WRONG
    unverified, verified = await ada.use(soft, uv=False), await ada.use(soft, uv=True)
    assert isinstance(unverified, Verified)
    assert isinstance(verified, Verified)
    assert unverified.amr == verified.amr


@pytest.mark.threat(63)
async def test_a_key_cannot_change_whether_it_can_be_copied(ada: Owner) -> None:
    """Backup eligibility that differs from the registration shows that it is not the same key."""
    for be in (False, True):
        soft = SoftKey(be=be)
        await ada.enroll(soft)
        assert await ada.use(soft, be=not be) == WRONG


@pytest.mark.conforms("WEBAUTHN-7.2-USER")
@pytest.mark.threat(63)
async def test_a_handle_of_another_person_is_refused(ada: Owner) -> None:
    """A user handle shows that it may be left out, and that another one is refused."""
    soft = SoftKey()
    await ada.enroll(soft)
    assert isinstance(await ada.use(soft, user_handle=b""), Verified)
    assert await ada.use(soft, user_handle=b"another person") == WRONG


@pytest.mark.conforms("NIST-BAA-1")
async def test_each_of_several_keys_is_good(ada: Owner) -> None:
    """Two keys of one person show that either of them answers, again and again."""
    one, other = SoftKey(), SoftKey()
    await ada.enroll(one)
    await ada.enroll(other)
    for soft in (one, other, one):
        ada.keep(await ada.use(soft))


# -- keys that do not count ---------------------------------------------------------------------


async def test_browsers_forget_keys_that_were_removed(ada: Owner) -> None:
    """A key that was made for the person and is gone shows that the browser is told its id."""
    soft = SoftKey()
    await ada.enroll(soft)
    asked = await ada.asked()
    response = soft.get(asked.prompt)
    ada.held = ()
    outcome = await ada.answer(asked, response)
    name = encoded(soft.credential_id)
    told = Prompt("signal_unknown_key", {"rp_id": "shop.example.com", "credential_id": name})
    assert outcome == Rejected("unknown-key", over=True, tell=told)


@pytest.mark.conforms("WEBAUTHN-7.2-ALLOWED")
@pytest.mark.threat(63)
async def test_browsers_never_forget_the_key_of_somebody_else(ada: Owner) -> None:
    """Another person's key in the same browser shows that it is unknown here, and never named."""
    eve, hers, mine = Owner(ada.factor, EVE), SoftKey(), SoftKey()
    await ada.enroll(mine)
    await eve.enroll(hers)
    unknown = Rejected("unknown-key", over=True)
    assert await ada.use(hers) == unknown
    assert await ada.use(hers, user_handle=b"") == unknown


@pytest.mark.conforms("WEBAUTHN-7.2-ALLOWED")
async def test_a_suspended_key_is_refused_and_not_forgotten(ada: Owner) -> None:
    """A key that is held and not usable shows that it proves nothing and no browser forgets it."""
    soft, other = SoftKey(), SoftKey()
    await ada.enroll(soft)
    await ada.enroll(other)
    ada.held = (replace(ada.held[0], status=AuthenticatorStatus.SUSPENDED), ada.held[1])
    assert await ada.use(soft) == WRONG
    accepted = (await ada.asked()).prompt.data["accepted"]
    assert accepted == (encoded(soft.credential_id), encoded(other.credential_id))
    ada.held = (replace(ada.held[0], status=AuthenticatorStatus.DISABLED), ada.held[1])
    assert (await ada.asked()).prompt.data["accepted"] == (encoded(other.credential_id),)


async def test_browsers_are_told_nothing_where_a_key_cannot_be_read(ada: Owner) -> None:
    """A key whose row is damaged shows that no list of good keys is told until it is mended."""
    await ada.enroll(SoftKey())
    await ada.enroll(SoftKey())
    ada.held = (replace(ada.held[0], material=None), ada.held[1])
    assert "accepted" not in (await ada.asked()).prompt.data
