"""Twin of sidecar/api/ceremonies.py: the words of challenges and enrollments."""

import pytest
from pydantic import ValidationError

from sidecar.api.backup_codes import Codes
from sidecar.api.ceremonies import MAX_FIELD_CHARS, MAX_FIELDS, ForPerson, Prompt, Responding
from sidecar.api.enrollments import AppCode, NewEnrollment, OpenApp
from sidecar.api.words import ApiModel
from sidecar.flows import challenge
from sidecar.flows.challenge import bounded
from tests.clock import START


@pytest.mark.parametrize("language", ["de", "pt-BR", "zh-Hant-TW"])
def test_languages_are_tags(language: str) -> None:
    """A language tag shows to be taken as it is."""
    assert ForPerson(user_id="ada", language=language).language == language


@pytest.mark.parametrize("language", ["", "d", "de,en;q=0.8", "de_DE", "*", "x" * 9])
def test_headers_are_no_languages(language: str) -> None:
    """What is no tag shows to be refused: only one language is written in."""
    with pytest.raises(ValidationError):
        ForPerson(user_id="ada", language=language)


@pytest.mark.parametrize(
    "response",
    [
        {f"f{at}": "" for at in range(MAX_FIELDS + 1)},
        {"code": "x" * (MAX_FIELD_CHARS + 1)},
        {"Code": "1"},
        {"": "1"},
        {"x" * 33: "1"},
    ],
)
def test_fields_are_few_and_short(response: dict[str, str]) -> None:
    """More, longer and oddly named fields show to be refused before a factor sees them."""
    with pytest.raises(ValidationError):
        Responding(user_id="ada", response=response)


def test_whatever_is_taken_goes_on() -> None:
    """The largest response that the API takes shows to be one that factors may see."""
    assert (MAX_FIELDS, MAX_FIELD_CHARS) <= (challenge.MAX_FIELDS, challenge.MAX_FIELD_CHARS)
    name = "f" * 30
    response = {f"{name}{at:02}": "x" * MAX_FIELD_CHARS for at in range(MAX_FIELDS)}
    assert bounded(Responding(user_id="ada", response=response).response or {}) == response


SECRETS: tuple[ApiModel, ...] = (
    Responding(user_id="ada", code="s3cret", response={"credential": "s3cret"}),
    NewEnrollment(user_id="ada", factor="sms", fields={"address": "s3cret"}),
    AppCode(user_id="ada", enrollment_id="x" * 32, code="s3cret"),
    Prompt(kind="totp_enrollment", data={"secret": "s3cret"}),
    OpenApp(
        **dict.fromkeys(("secret", "uri", "qr_svg", "qr_png"), "s3cret"),
        enrollment_id="x",
        digits=6,
        period=30,
        algorithm="SHA1",
        expires_at=START,
    ),
    Codes(codes=("s3cret",), count=1, authenticator_id="a1", made_at=START),
)


@pytest.mark.parametrize("body", SECRETS, ids=lambda one: type(one).__name__)
def test_secrets_are_not_shown(body: ApiModel) -> None:
    """What comes in and goes out once shows no secret where it is logged by mistake."""
    assert "s3cret" in body.model_dump_json()
    assert "s3cret" not in repr(body)
