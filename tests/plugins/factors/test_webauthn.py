"""Twin of plugins/factors/webauthn: the ceremonies, as browsers and people go through them."""

import json
from dataclasses import replace

import pytest
from pydantic import ValidationError

from plugins.factors.webauthn import CHALLENGE_BYTES, PLUGIN, Options
from plugins.factors.webauthn._base64url import decoded, encoded
from sidecar.conformance.softkey import SoftKey
from sidecar.core.errors import Conflict
from sidecar.core.model import (
    Enrolled,
    Level,
    PublicKey,
    Rejected,
    Verified,
)
from tests.plugins.factors.keys import ADA, EVE, Owner, webauthn

WRONG = Rejected("wrong", over=True)
UNVERIFIED = Rejected("unverified", over=True)
UNSUITABLE = Rejected("unsuitable", over=True)
BITWARDEN = bytes.fromhex("d548826e79b4db40a3d811116f7e8349")
BASE = {"rp_id": "shop.example.com", "rp_name": "Harbour"}


@pytest.fixture
def ada() -> Owner:
    return Owner(webauthn())


# -- what it is worth ---------------------------------------------------------------------------


@pytest.mark.conforms("NIST-PHIRES-1", "ASVS-6.3.3")
def test_it_is_phishing_resistant_possession() -> None:
    """The traits show what a signature proves: something one has, that no other page can use."""
    traits = webauthn().traits
    assert (traits.proves, traits.strongest) == ("possession", Level.PHISHING_RESISTANT)
    assert traits.amr == ("pop", "user")
    assert PLUGIN.options is Options


# -- making a key -------------------------------------------------------------------------------


async def test_a_browser_is_asked_to_make_a_key(ada: Owner) -> None:
    """The options show who asks, for whom, with which kinds of keys, and no subject anywhere."""
    prompt = (await ada.to_enroll()).prompt
    asked = json.loads(str(prompt.data["options"]))
    assert prompt.kind == "webauthn_enrollment"
    assert asked["rp"] == {"id": "shop.example.com", "name": "Harbour"}
    assert asked["user"]["name"] == asked["user"]["displayName"] == "ada@example.com"
    assert [item["alg"] for item in asked["pubKeyCredParams"]] == [-7, -8, -9, -19, -257]
    assert asked["timeout"] == 300_000
    assert asked["attestation"] == "none"
    assert asked["excludeCredentials"] == []
    assert asked["extensions"] == {"credProps": True}
    assert prompt.data["user_id"] == asked["user"]["id"]
    assert (prompt.data["accepted"], prompt.data["rp_id"]) == ((), "shop.example.com")
    assert b"ada" not in decoded(asked["user"]["id"])


@pytest.mark.conforms("NIST-SFCVER-3", "ASVS-6.7.2")
async def test_every_challenge_is_new(ada: Owner) -> None:
    """Many ceremonies show 32 random bytes each, none twice, in both kinds of ceremonies."""
    await ada.enroll(SoftKey())
    begun = [await ada.to_enroll() for _ in range(100)] + [await ada.asked() for _ in range(100)]
    challenges = {json.loads(str(one.prompt.data["options"]))["challenge"] for one in begun}
    assert len(challenges) == len(begun)
    assert {len(decoded(text)) for text in challenges} == {CHALLENGE_BYTES}
    assert CHALLENGE_BYTES == 32


async def test_a_user_id_is_the_persons_and_nobody_elses(ada: Owner) -> None:
    """User ids show that they are the same each time, and differ by person, realm and instance."""
    people = [ADA, EVE, replace(ADA, realm="office"), replace(ADA, realm="sho", subject="pada")]
    ids = [(await Owner(ada.factor, one).to_enroll()).prompt.data["user_id"] for one in people]
    other = await Owner(webauthn(key=b"other" * 8)).to_enroll()
    assert len({*ids, other.prompt.data["user_id"]}) == len(people) + 1
    assert (await ada.to_enroll()).prompt.data["user_id"] == ids[0]


async def test_a_user_id_outlives_the_secret_that_made_it(ada: Owner) -> None:
    """A person with a key shows the id that is in it, whatever made it, and its use goes on."""
    soft = SoftKey()
    key = await ada.enroll(soft)
    later = Owner(webauthn(key=b"rotated!" * 4), held=ada.held)
    begun = await ada.to_enroll()
    made = await Owner(later.factor).finish(begun, SoftKey().create(begun.prompt))
    assert isinstance(made, Enrolled)
    assert isinstance(made.material, PublicKey)
    assert made.material.state["user_id"] == begun.prompt.data["user_id"]
    assert (await later.to_enroll()).prompt.data["user_id"] == key.state["user_id"]
    assert isinstance(await later.use(soft), Verified)


async def test_what_is_kept_of_a_key(ada: Owner) -> None:
    """An enrolled key shows id, key, counter and what it said of itself (WebAuthn L3 §4)."""
    soft = SoftKey(aaguid=BITWARDEN, be=True, bs=True, transports=("internal", "hybrid"))
    outcome = await ada.offer(soft)
    assert isinstance(outcome, Enrolled)
    assert outcome.detail == "Bitwarden"
    key = outcome.material
    assert isinstance(key, PublicKey)
    assert (key.credential_id, key.sign_count) == (soft.credential_id, 1)
    assert key.state == {
        "aaguid": "d548826e-79b4-db40-a3d8-11116f7e8349",
        "transports": ("internal", "hybrid"),
        "be": True,
        "bs": True,
        "uv": True,
        "format": "none",
        "trusted": False,
        "rp_id": "shop.example.com",
        "user_id": encoded(soft.user_handle),
        "discoverable": True,
    }


@pytest.mark.conforms("WEBAUTHN-7.1-ID-UNIQUE")
async def test_a_key_that_the_person_has_is_not_made_again(ada: Owner) -> None:
    """The second enrollment shows the first key excluded, and refused if it comes all the same."""
    soft = SoftKey()
    await ada.enroll(soft)
    asked = json.loads(str((await ada.to_enroll()).prompt.data["options"]))
    excluded = {"type": "public-key", "id": encoded(soft.credential_id)}
    assert asked["excludeCredentials"] == [{**excluded, "transports": ["usb", "nfc"]}]
    assert await ada.offer(soft) == Rejected("already-registered", over=True)


async def test_a_person_has_so_many_keys_and_no_more() -> None:
    """The bound on keys shows that the next enrollment is not begun."""
    ada = Owner(webauthn(max_per_person=2))
    for _ in range(2):
        await ada.enroll(SoftKey())
    with pytest.raises(Conflict):
        await ada.to_enroll()


@pytest.mark.conforms("NIST-AAL3PAT-1")
async def test_synced_keys_are_refused_where_they_must_not_be() -> None:
    """With `device_bound_only`, a key that can be copied shows that it is neither made nor used."""
    strict, ada, soft = Owner(webauthn(device_bound_only=True)), Owner(webauthn()), SoftKey(be=True)
    assert await strict.offer(SoftKey(be=True)) == UNSUITABLE
    assert isinstance(await strict.offer(SoftKey()), Enrolled)
    await ada.enroll(soft)
    strict.held = ada.held
    assert await strict.use(soft) == UNSUITABLE


async def test_models_can_be_listed() -> None:
    """Lists of models show that only those allowed are taken, and none that is denied."""
    model = "d548826e-79b4-db40-a3d8-11116f7e8349"
    allowing, denying = (
        Owner(webauthn(allow_aaguids=[model])),
        Owner(webauthn(deny_aaguids=[model])),
    )
    assert isinstance(await allowing.offer(SoftKey(aaguid=BITWARDEN)), Enrolled)
    assert await allowing.offer(SoftKey()) == UNSUITABLE
    assert await denying.offer(SoftKey(aaguid=BITWARDEN)) == UNSUITABLE
    assert isinstance(await denying.offer(SoftKey()), Enrolled)


@pytest.mark.conforms("NIST-MFCFIERS-1", "NIST-IMPR-1", "WEBAUTHN-7.1-UV")
async def test_verification_is_asked_for_and_looked_at(ada: Owner) -> None:
    """Browsers are asked to verify the user; what they did shows in the record, or is demanded."""
    for begun in (await ada.to_enroll(), await ada.asked()):
        assert '"userVerification":"preferred"' in str(begun.prompt.data["options"])
    assert (await ada.enroll(SoftKey(uv=False))).state["uv"] is False
    strict = Owner(webauthn(user_verification="required"))
    assert await strict.offer(SoftKey(uv=False)) == UNVERIFIED
    assert isinstance(await strict.offer(SoftKey()), Enrolled)


# -- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"rp_id": "Shop.example.com"},
        {"rp_id": "https://shop.example.com"},
        {"rp_id": ""},
        {"rp_name": " "},
        {"timeout": "4m"},
        {"timeout": "11m"},
        {"timeout": 300},
        {"algorithms": []},
        {"algorithms": ["RS1"]},
        {"hints": ["phone"]},
        {"attachment": "any"},
        {"max_per_person": 0},
        {"allow_aaguids": ["YubiKey"]},
        {"attestation": "direct"},
        {"attestation": "enterprise"},
        {"metadata": "blob.jwt"},
        {"metadata_root": "root.pem"},
        {"top_origins": ["https://portal.example.com"]},
        {"unknown": 1},
    ],
    ids=str,
)
def test_options_are_bounded(wrong: dict[str, object]) -> None:
    """Each option shows that it takes what is safe, and that demands go with what they need."""
    with pytest.raises(ValidationError):
        Options.model_validate({**BASE, **wrong})


@pytest.mark.conforms("NIST-VNB-1", "NIST-VNB-2", "NIST-VNB-3")
def test_a_place_that_binds_nothing_is_a_fault_at_start() -> None:
    """An rp_id that is no origin's, or anybody's, shows a reason instead of a factor."""
    for rp_id in ("evil.example.org", "com", "ample.com"):
        with pytest.raises(ValueError, match=rp_id):
            webauthn(rp_id=rp_id)
    with pytest.raises(ValueError, match="nor a parent"):
        webauthn(origins=["https://other.example.org"])
    assert webauthn(rp_id="example.com", origins=["https://login.example.com:8443"]).traits.proves
