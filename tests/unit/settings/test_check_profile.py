"""What the profiles demand."""

from collections.abc import Mapping

import pytest

from sidecar.core.model import Level
from tests.unit.settings import build

HERE = "tests.unit.settings.weak"
TOTP: Mapping[str, object] = {"totp": {"issuer": "Example"}, "backup_codes": {}}
STRICT = {"totp": {"issuer": "Example", "window": 0, "max_drift": 0}, "backup_codes": {}}
KEY = {"key": {"plugin": f"{HERE}:KEY"}}
MAIL = {"mail": {"plugin": f"{HERE}:MAIL", "transport": "post"}}
SMS = {"sms": {"plugin": f"{HERE}:SMS"}}
CARRIED = {"texts": {"plugin": f"{HERE}:TEXTS"}, "post": {"plugin": f"{HERE}:POST"}}
SHORT = {"idle": "15m", "lifetime": "12h"}


def said(**sections: object) -> str:
    return "\n".join(build.faults(**sections))


@pytest.mark.conforms("NIST-AAL2AVR-6", "NIST-AAL3REA-2", "NIST-AAL1REA-2", "ASVS-7.3.2")
@pytest.mark.parametrize(
    ("profile", "idle", "lifetime"),
    [("asvs-l3", "1h", "1d"), ("nist-aal2", "1h", "1d"), ("nist-aal3", "15m", "12h")],
)
def test_sessions_are_as_short_as_the_profile(profile: str, idle: str, lifetime: str) -> None:
    """The longest allowed shows nothing to say of sessions; a second more shows a fault."""
    here = {"factors": {**STRICT, **KEY}, "profile": profile}
    assert "session." not in said(**here, session={"idle": idle, "lifetime": lifetime})
    longer = said(**here, session={"idle": "61m", "lifetime": "25h"})
    assert f"session.idle: is longer than the {idle} of profile {profile}" in longer
    assert f"session.lifetime: is longer than the {lifetime} of profile {profile}" in longer


@pytest.mark.conforms("NIST-AAL2AVR-6")
def test_a_strict_profile_offers_what_resists_phishing() -> None:
    """Without such a factor a strict profile shows a fault, and the standard one none."""
    assert "factors: profile nist-aal2 offers a way that resists phishing" in said(
        profile="nist-aal2", session=SHORT
    )
    assert said(profile="nist-aal2", session=SHORT, factors={**TOTP, **KEY}) == ""
    assert said() == ""


@pytest.mark.conforms("ASVS-6.3.6", "NIST-OBA-3")
@pytest.mark.parametrize("profile", ["asvs-l3", "nist-aal2", "nist-aal3"])
def test_mail_counts_for_nothing_where_it_must_not(profile: str) -> None:
    """Mail in a strict profile shows level one, a warning, and rules that it cannot satisfy."""
    rule = {"name": "pay", "path": "/pay/**", "level": "two_factor", "factors": ["mail"]}
    strict: dict[str, object] = {
        "profile": profile,
        "session": SHORT,
        "factors": {**STRICT, **KEY, **MAIL},
        "transports": {"post": CARRIED["post"]},
    }
    assert said(**strict).startswith("warning: factors.mail: counts for nothing")
    loaded = build.load(**strict)
    assert loaded.discounted == {"mail"}
    assert loaded.levels["mail"] is Level.ONE_FACTOR
    assert loaded.levels["key"] is Level.PHISHING_RESISTANT
    found = said(**strict, policy={"default": "two_factor", "rules": [rule]})
    assert "policy.rules[0]: no configured factor can satisfy it" in found
    assert build.load(**{**strict, "profile": "standard"}).levels["mail"] is Level.TWO_FACTOR


@pytest.mark.conforms("NIST-AAL2PAT-1")
def test_one_more_thing_known_is_no_second_factor() -> None:
    """A factor that proves something known shows a warning, and a rule that it cannot satisfy."""
    word = {"word": {"plugin": f"{HERE}:WORD", "transport": "post"}}
    rule = {"name": "pay", "path": "/pay/**", "level": "two_factor", "factors": ["word"]}
    here: dict[str, object] = {
        "factors": {**TOTP, **word},
        "transports": {"post": CARRIED["post"]},
    }
    assert said(**here) == (
        "warning: factors.word: proves knowledge, which is no second factor beside a login "
        "(its proofs count as one factor)"
    )
    found = said(**here, policy={"default": "two_factor", "rules": [rule]})
    assert "policy.rules[0]: no configured factor can satisfy it" in found


@pytest.mark.conforms("ASVS-6.6.1")
def test_asvs_level_three_knows_no_texts() -> None:
    """A restricted factor under ASVS level 3 shows a fault; NIST shows none."""
    strict = {
        "session": SHORT,
        "factors": {**STRICT, **KEY, **SMS},
        "transports": {"texts": CARRIED["texts"]},
        "messages": {"regions": ["+49"]},
    }
    assert "factors.sms: text messages are no factor" in said(profile="asvs-l3", **strict)
    assert said(profile="nist-aal2", **strict) == ""


@pytest.mark.conforms("ASVS-6.5.5", "NIST-SFOV-5")
def test_asvs_level_three_takes_a_code_in_its_own_time() -> None:
    """Earlier steps, a learned drift and longer periods show faults under ASVS level 3 only."""
    loose = {"totp": {"issuer": "Example", "period": 60}, "backup_codes": {}, **KEY}
    found = said(profile="asvs-l3", session=SHORT, factors=loose)
    for key in ("window", "max_drift", "period"):
        assert f"factors.totp.{key}: " in found
    assert said(profile="asvs-l3", session=SHORT, factors={**STRICT, **KEY}) == ""
    assert said(profile="nist-aal2", session=SHORT, factors=loose) == ""


@pytest.mark.conforms("NIST-SB-4")
def test_nist_remembers_no_browser() -> None:
    """Remembered browsers show a fault under NIST, and none elsewhere."""
    trusted = {"trusted_devices": {"enabled": True}}
    here = {"session": SHORT, "factors": {**STRICT, **KEY}}
    for profile in ("nist-aal2", "nist-aal3"):
        assert "trusted_devices.enabled: profile" in said(**trusted, **here, profile=profile)
    assert said(**trusted) == ""
    assert said(**trusted, **here, profile="asvs-l3") == ""


@pytest.mark.parametrize("lifetime", ["0s", "91d"])
def test_a_browser_is_remembered_for_a_while(lifetime: str) -> None:
    """Never and for ever show faults, and so does a factor that nobody knows."""
    assert "trusted_devices.lifetime: " in said(trusted_devices={"lifetime": lifetime})
    found = said(trusted_devices={"not_after": ["totp", "toto"]})
    assert (
        found == "trusted_devices.not_after[1]: no factor is called 'toto' (did you mean 'totp'?)"
    )


def test_enrollment_is_guarded() -> None:
    """Open doors and no hold under a strict profile, and a hold of weeks, show what is wrong."""
    here = {"session": SHORT, "factors": {**TOTP, **KEY}, "profile": "nist-aal2"}
    opened = {"first": "open", "until": "2026-07-01"}
    assert "enrollment.first: profile nist-aal2 lets nobody in" in said(**here, enrollment=opened)
    unheld = {"first": "invited", "hold": "0s"}
    assert said(**here, enrollment=unheld).startswith("warning: enrollment.hold: ")
    assert said(enrollment=unheld) == ""
    assert said(enrollment={"first": "invited", "hold": "8d"}) == (
        "enrollment.hold: is longer than a week"
    )


@pytest.mark.parametrize(("timeout", "right"), [("99ms", False), ("100ms", True), ("31s", False)])
def test_a_plugin_has_time_and_an_end(timeout: str, right: bool) -> None:
    """Bounds show on both sides."""
    assert (said(plugin_timeout=timeout) == "") is right


@pytest.mark.parametrize("profile", ["asvs-l3", "nist-aal2", "nist-aal3"])
def test_nobody_is_exempt_under_a_profile(profile: str) -> None:
    """The exemption shows a warning by itself and a fault under every strict profile; without it
    there is nothing to say.
    """
    policy = {"default": "two_factor", "exempt_disabled": True}
    assert said(policy=policy).startswith("warning: policy.exempt_disabled: whoever may call")
    assert said(policy={**policy, "exempt_disabled": False}) == ""
    strict = {"profile": profile, "session": SHORT, "factors": {**STRICT, **KEY}}
    assert f"policy.exempt_disabled: profile {profile} lets nobody pass" in said(
        policy=policy, **strict
    )
