"""From a message to a letter: in every language, for every channel, with nothing smuggled in."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from sidecar.bundled import TEMPLATES
from sidecar.core.messages import Letter, Message
from sidecar.letters import MAX_WORD_CHARS, LetterWriter, Sender, called, tidy, unlinked
from sidecar.web.brought import Unusable
from sidecar.web.i18n import load_catalogs
from tests.conformance.stores import NOW
from tests.mailbox import written
from tests.posts import MAIL, NUMBER, post

CODES = ("sign_in_code", "confirm_address", "confirm_person")
NOTICES = (
    *("authenticator_added", "authenticator_removed", "authenticator_held", "codes_made"),
    *("authenticator_disabled", "factor_suspended", "browser_theft", "person_reset"),
    *("person_disabled", "person_enabled", "person_renamed"),
    *("authenticator_suspended", "authenticator_resumed", "authenticator_approved"),
)
FINAL = {
    *("browser_theft", "factor_suspended", "authenticator_suspended", "authenticator_resumed"),
    "authenticator_approved",
}
"""Notices that nothing can be undone by."""
LINK = "https://shop.example.com/_sidecar/disown?t=" + "x" * 82
SAID = {"what": "Blue key", "factor": "webauthn", "when": NOW.isoformat()}
SAID |= {"held_until": NOW.isoformat(), "link": LINK}
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ!\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)
"""GSM 03.38 with its extension table; anything else makes a text message 70 characters long."""
LINKS = re.compile(r"https?://|www\.|\w\.\w|\w@\w")


def letter(template: str, channel: str = "email", language: str = "en", **values: str) -> Letter:
    said = {"code": "482913", "minutes": "10"} if template in CODES else SAID
    to = MAIL if channel == "email" else NUMBER
    message = Message(channel, template, to, {**said, **values})
    return written().write(post(message=message, language=language))


def test_all_messages_have_words() -> None:
    """What factors and flows send shows a template each, and no template is for nothing."""
    assert written().names == {*CODES, *NOTICES}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("template", [*CODES, *NOTICES])
def test_mails(template: str, language: str) -> None:
    """Every mail shows a subject of one line, the account, whom it is from, and HTML beside."""
    mail = letter(template, language=language)
    assert mail.subject
    assert "\n" not in mail.subject
    assert "Subject" not in mail.text
    for shown in (MAIL, "shop.example.com"):
        assert shown in mail.text
        assert shown in mail.html
    assert f'<html lang="{language}"' in mail.html
    assert "<script" not in mail.html
    assert (mail.to, mail.key, mail.expires_at) == (MAIL, post().id, post().expires_at)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("template", CODES)
def test_codes_by_text_message(template: str, language: str) -> None:
    """A code shows in one message of 160 characters, bound to our host by its last line."""
    text = letter(template, "sms", language).text
    assert text.splitlines()[-1] == "@shop.example.com #482913"
    assert text.startswith("482913") or "482913" in text.splitlines()[0]
    assert len(text) <= 160
    assert set(text) <= GSM


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("template", NOTICES)
def test_notices_by_text_message(template: str, language: str) -> None:
    """A notice shows our link alone, none of what people typed, and at most two messages."""
    made = letter(template, "sms", language, what="call +49 900 1234567 evil.test")
    assert LINKS.findall(made.text.replace(LINK, "")) == []
    final = template.startswith("person_") or template in FINAL
    assert (LINK in made.text) is not final
    assert "evil" not in made.text
    assert len(made.text) <= 306
    assert set(made.text) <= GSM
    assert (made.subject, made.html) == ("", "")


def test_a_notice_without_a_link() -> None:
    """A notice that nothing can be undone by shows whom to ask."""
    message = Message("sms", "browser_theft", NUMBER, {"when": NOW.isoformat()})
    text = written().write(post(message=message)).text
    assert text.endswith("ask for help.")


def test_moments_are_in_the_readers_words() -> None:
    """When it happened shows in the language of the letter, and in which time zone."""
    assert "Jun 1, 2026, 12:00\u202fPM UTC" in letter("authenticator_removed").text
    assert "01.06.2026, 12:00 UTC" in letter("authenticator_removed", language="de").text


@given(st.text(max_size=200))
def test_names_are_data(name: str) -> None:
    """Whatever an authenticator is called shows on one line, short, and links to nowhere."""
    word = unlinked(name)
    assert len(word) <= MAX_WORD_CHARS
    assert word.isprintable()
    assert not any(mark in word for mark in "./:@\\")
    assert len(tidy(name)) <= MAX_WORD_CHARS


@pytest.mark.parametrize(
    "name",
    [
        "Call +1 (900) 555-0199",
        "Help: 0900555",
        "evil\u3002test",
        "evil\uff0etest",
        "evil\uff61test",
    ],
)
def test_names_offer_no_way_to_a_thief(name: str) -> None:
    """A name that is a number to call, or an address in other dots, shows as neither."""
    for made in (letter("authenticator_added", what=name), letter("authenticator_held", what=name)):
        for text in (made.text, made.html):
            assert "555" not in text
            assert not any(dot in text for dot in "\u3002\uff0e\uff61")
    assert "Phone 2 (19)" in letter("authenticator_added", what="Phone 2 (19)").text


def test_names_cannot_break_out_of_html() -> None:
    """A name that is markup shows as text."""
    made = letter("authenticator_added", what="<b>&<script>alert(1)</script>")
    assert "<b>" not in made.html
    assert "<script" not in made.html
    assert "&lt;b&gt;" in made.html


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        ("ada@x.test", "ada@x.test"),
        ("Ada Lovelace", "Ada Lovelace"),
        ("win at https://evil.test/x", "win at https evil test x"),
        ("a@b.test go to evil.test", "a b test go to evil test"),
        ("line\nbreak\u202e", "line break"),
    ],
)
def test_accounts_are_addresses_or_no_links(account: str, shown: str) -> None:
    """What an application calls a person shows a mailbox, or nothing that looks like a link."""
    assert called(account) == shown


def test_languages() -> None:
    """A chosen tag and an Accept-Language header show their language, others the source's."""
    for wanted in ("de", "de-AT", "fr;q=0.5, de;q=0.4"):
        assert written().language(wanted) == "de"
    assert written().language("fr") == "en"
    assert written().language("") == "en"
    assert letter("sign_in_code", language="xx").subject == letter("sign_in_code").subject


def test_help_is_offered_where_there_is_some() -> None:
    """What the operator says of help shows in every mail."""
    sender = Sender("Shop", "shop.example.com", "Ask the desk", "https://help.test/")
    writer = LetterWriter((TEMPLATES,), load_catalogs(TEMPLATES / "locale"), sender)
    made = writer.write(post(message=Message("email", "codes_made", MAIL, SAID)))
    for text in (made.text, made.html):
        assert "Ask the desk" in text
        assert "https://help.test/" in text


def test_factors_are_called_by_their_kind() -> None:
    """A factor under a name of its own shows the word for its kind."""
    sender = Sender("Shop", "shop.example.com", kinds={"app": "totp"})
    writer = LetterWriter((TEMPLATES,), load_catalogs(TEMPLATES / "locale"), sender)
    said = {**SAID, "what": "", "factor": "app"}
    made = writer.write(post(message=Message("email", "authenticator_added", MAIL, said)))
    assert "Authenticator app" in made.text


def test_what_is_not_said_is_a_fault() -> None:
    """A value that a template asks for and nobody said shows a fault instead of a gap."""
    message = Message("email", "sign_in_code", MAIL, {"code": "482913"})
    with pytest.raises(UndefinedError):
        written().write(post(message=message))


def test_templates_of_others(tmp_path: Path) -> None:
    """Another folder shows its messages beside ours; a broken template shows at start."""
    folder = tmp_path / "messages"
    folder.mkdir()
    (folder / "acme.txt").write_text("Hello {{ app }}\n")
    catalogs, sender = load_catalogs(TEMPLATES / "locale"), Sender("Shop", "shop.example.com")
    writer = LetterWriter((TEMPLATES, tmp_path), catalogs, sender)
    made = writer.write(replace(post(), message=Message("push", "acme", "x")))
    assert (made.text, made.html, made.subject) == ("Hello Shop", "", "")
    (folder / "acme.txt").write_text("{% if %}")
    with pytest.raises(Unusable):
        LetterWriter((TEMPLATES, tmp_path), catalogs, sender)
