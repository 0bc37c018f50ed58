"""What can be proved of messages before one is sent."""

from collections.abc import Mapping

import pytest

from tests.unit.settings import build

HERE = "tests.unit.settings.weak"
TOTP: Mapping[str, object] = {"totp": {"issuer": "Example"}, "backup_codes": {}}
SMS = {"sms": {"plugin": f"{HERE}:SMS"}}
MAIL = {"mail": {"plugin": f"{HERE}:MAIL", "transport": "post"}}
TEXTS = {"texts": {"plugin": f"{HERE}:TEXTS"}}
POST = {"post": {"plugin": f"{HERE}:POST"}}
GERMANY = {"regions": ["+49"]}


def said(**sections: object) -> str:
    return "\n".join(build.faults(**sections))


def test_all_of_it_together_is_right() -> None:
    """An app, texts and mail with what carries them show nothing to say."""
    factors, carried = {**TOTP, **SMS, **MAIL}, {**TEXTS, **POST}
    assert said(factors=factors, transports=carried, messages=GERMANY) == ""


def test_a_factor_names_a_transport_that_is_there() -> None:
    """A misspelt transport shows its place and the right word."""
    assert (
        said(
            factors={**TOTP, "sms": {"plugin": f"{HERE}:SMS", "transport": "text"}},
            transports=TEXTS,
            messages=GERMANY,
        )
        == "factors.sms.transport: there is no transport 'text' (did you mean 'texts'?)"
    )


def test_a_transport_carries_what_the_factor_sends() -> None:
    """Texts by a transport of mail show both at the place where they meet."""
    found = said(
        factors={**TOTP, "sms": {"plugin": f"{HERE}:SMS", "transport": "post"}},
        transports=POST,
        messages=GERMANY,
    )
    assert found == "factors.sms.transport: transport 'post' carries email (sms sends sms)"


def test_a_choice_carries_what_all_its_members_do() -> None:
    """One of two that cannot send texts shows that the choice of both cannot either."""
    both = {**TEXTS, "both": {"plugin": f"{HERE}:BOTH"}, **POST}
    choice = {"plugin": f"{HERE}:BOTH", "of": ["texts", "both"]}
    sms = {"sms": {"plugin": f"{HERE}:SMS", "transport": "choice"}}
    factors = {**TOTP, **sms, **MAIL}
    assert said(factors=factors, transports={**both, "choice": choice}, messages=GERMANY) == ""
    mixed = {**choice, "of": ["both", "post"]}
    found = said(factors=factors, transports={**both, "choice": mixed}, messages=GERMANY)
    assert "factors.sms.transport: transport 'choice' carries email (sms sends sms)" in found


@pytest.mark.parametrize(
    ("of", "where", "message"),
    [
        (["texts"], "transports.choice.of", "has nobody to fail over to"),
        (["texts", "texts"], "transports.choice.of[1]", "'texts' is named twice"),
        (["texts", "post"], "transports.choice.of", "have no channel in common"),
        (["texts", "choice"], "transports.choice.of[1]", "chooses among transports itself"),
        (["texts", "nobody"], "transports.choice.of[1]", "there is no transport 'nobody'"),
    ],
)
def test_a_choice_is_one(of: list[str], where: str, message: str) -> None:
    """Too few, twice the same, nothing in common, itself and nobody show as faults there."""
    choice = {"choice": {"plugin": f"{HERE}:BOTH", "of": of}}
    found = said(
        factors={**TOTP, **SMS, **MAIL}, transports={**TEXTS, **POST, **choice}, messages=GERMANY
    )
    assert any(line.startswith(f"{where}: ") and message in line for line in found.splitlines())


def test_a_transport_nobody_needs_is_told() -> None:
    """A second transport of a channel that no factor names shows a warning."""
    spare = {"spare": {"plugin": f"{HERE}:TEXTS"}}
    found = said(factors={**TOTP, **SMS}, transports={**TEXTS, **spare}, messages=GERMANY)
    assert found == (
        "warning: transports.spare: carries nothing: no factor names it, and notices go by another"
    )


def test_codes_are_printed_on_ones_own_machine_only() -> None:
    """A transport that shows codes shows a fault wherever the origin is not localhost."""
    prints = {"texts": {"plugin": f"{HERE}:PRINTS"}}
    everything = {"factors": {**TOTP, **SMS}, "transports": prints, "messages": GERMANY}
    assert "transports.texts: is for development" in said(**everything)
    assert said(**everything, public="http://localhost:8080") == ""


@pytest.mark.conforms("ASVS-2.4.1")
def test_texts_go_where_the_operator_said() -> None:
    """Without regions, and with budgets for others, faults show; overlaps show a warning."""
    texts = {"factors": {**TOTP, **SMS}, "transports": TEXTS}
    assert "factors.sms: no text is sent without messages.regions" in said(**texts)
    elsewhere = {**GERMANY, "per_region_daily": {"+43": 5}}
    assert "messages.per_region_daily.+43: +43 is none" in said(**texts, messages=elsewhere)
    inside = {"regions": ["+49", "+4930"]}
    assert said(**texts, messages=inside).startswith("warning: messages.regions[1]: +4930 lies")


@pytest.mark.conforms("NIST-RESTA-1", "NIST-AUPSTN-3", "ASVS-6.6.1")
def test_texts_are_never_the_only_way() -> None:
    """Text messages alone show a fault, unless the operator says that they know."""
    only = {"factors": {**SMS, "backup_codes": {}}, "transports": TEXTS}
    found = said(**only, messages=GERMANY)
    assert "factors.sms: text messages can be intercepted or redirected" in found
    assert "accept_risk" in found
    accepted = said(**only, messages={**GERMANY, "accept_risk": True})
    assert accepted.startswith("warning: policy.default: only sms can satisfy it")


@pytest.mark.parametrize(("factor", "names"), [(SMS, ["sms"]), (MAIL, ["mail"])])
def test_a_rule_that_a_diverted_code_satisfies_is_told(
    factor: Mapping[str, object], names: list[str]
) -> None:
    """A rule that only a message can satisfy shows a warning with what to add."""
    rule = {"name": "pay", "path": "/pay/**", "level": "two_factor", "factors": names}
    found = said(
        factors={**TOTP, **factor},
        transports={**TEXTS, **POST},
        messages=GERMANY,
        policy={"default": "two_factor", "rules": [rule]},
    )
    assert f"warning: policy.rules[0]: only {names[0]} can satisfy it" in found
    assert "(offer totp or webauthn too)" in found


def test_a_confirmation_has_something_to_travel_by() -> None:
    """`confirmed` without a transport, or without a stated address, shows what is missing."""
    source = {**build.RIGHT["identity"]["app"]}  # type: ignore[index]
    confirmed = {"enrollment": {"first": "confirmed"}}
    assert "enrollment.first: `confirmed` sends a code" in said(**confirmed)
    carried = {**confirmed, "transports": POST}
    found = said(**carried)
    assert found.startswith("warning: identity.app: no identity source says which email or phone")
    assert said(**carried, identity={"app": {**source, "email": "/email"}}) == ""
