"""What every message says, in every language: short, equal in both forms, and without a trap."""

import re
from html.parser import HTMLParser

import pytest

from sidecar.core.messages import Letter
from tests.tools import letters

LANGUAGES = ("en", "de")
TAGS = {"html", "head", "meta", "title", "body", "main", "h1", "p", "code", "a", "br"}
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""Source: 3GPP TS 23.038 §6.2.1, without what takes two places."""


class Words(HTMLParser):
    """The visible text of a document, and its tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._hidden = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden = tag == "title" or (self._hidden and tag != "body")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text.append(data)


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\s:,.·]+", text))


def mail(name: str, language: str) -> Letter:
    return letters.write(name, "email", language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", letters.NAMES)
def test_both_forms_of_a_mail_say_the_same(name: str, language: str) -> None:
    """Text and HTML of each mail show the same words; only a link may stand behind a button."""
    letter = mail(name, language)
    html = Words(letter.html)
    links = {str(tag.get("href")) for kind, tag in html.tags if kind == "a"}
    shown = words(" ".join(html.text)) - words(letter.subject)
    plain = words(letter.text) - words(letter.subject)
    buttons = {"It", "wasn’t", "me", "Ich", "war", "es", "nicht"}
    assert shown - plain <= buttons
    assert plain - shown <= words(" ".join(links)) | {"--"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", letters.NAMES)
def test_a_mail_loads_nothing_and_sets_no_colour_alone(name: str, language: str) -> None:
    """Each mail shows that opening it fetches nothing, and that dark mailboxes stay readable."""
    letter = mail(name, language)
    html = Words(letter.html)
    assert {tag for tag, _ in html.tags} <= TAGS
    for _, attributes in html.tags:
        style = str(attributes.get("style", ""))
        assert "url(" not in style
        colour = re.search(r"(?<![-\w])color:(?!inherit)", style)
        assert bool(colour) == ("background:" in style)
    assert f'<html lang="{language}"' in letter.html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", letters.NAMES)
def test_a_subject_says_what_and_gives_nothing_away(name: str, language: str) -> None:
    """A subject shows no code: it lies open on lock screens and in the logs of relays."""
    letter = mail(name, language)
    assert 10 < len(letter.subject) <= 70
    assert letters.CODE not in letter.subject
    assert "\n" not in letter.subject


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", letters.CODES)
def test_a_code_stands_on_its_own_line(name: str, language: str) -> None:
    """Each mail with a code shows it alone on a line, so that it can be marked and copied."""
    letter = mail(name, language)
    assert letters.CODE in letter.text.splitlines()
    assert re.search(rf">{letters.CODE}</code>", letter.html)
    assert "10" in letter.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", letters.CODES)
def test_a_text_message_with_a_code_is_one_message(name: str, language: str) -> None:
    """Each text message with a code shows that it fits one, and that only our host takes it."""
    text = letters.write(name, "sms", language).text
    assert set(text) <= GSM
    assert len(text) <= 160
    assert text.splitlines()[-1] == f"@{letters.HOST} #{letters.CODE}"
    assert text.index(letters.CODE) < 40


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", letters.NOTICES)
def test_a_notice_says_what_to_do(name: str, language: str) -> None:
    """Each notice shows, in every form, what to do for somebody who did not do it."""
    for channel in ("email", "sms"):
        text = letters.write(name, channel, language).text
        assert letters.LINK in text or re.search("password|Passwort", text)
        without = letters.write(name, channel, language, link=False).text
        assert re.search("[Pp]assword|Passwort", without)
        assert set(text) <= GSM or channel == "email"


def test_names_stay_text_in_html() -> None:
    """THREATS 31: markup in what somebody called a method shows as text."""
    letter = letters.write("authenticator_added", "email", "en", what="<b>x</b>")
    assert "<b>x" not in letter.html
    assert "&lt;b&gt;x" in letter.html


def test_a_method_is_called_as_on_the_pages() -> None:
    """Kind, plugin's own word and name show that a method is called as its owner knows it."""
    said = letters.write("authenticator_added", "email", "de", what="Work").text
    assert "SMS (Work)" in said
    pushed = letters.write("authenticator_added", "email", "en", factor="push", what="").text
    assert "Approval in the Acme app." in pushed
