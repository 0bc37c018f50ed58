"""Languages: the choice, and catalogs that are complete."""

import gettext
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.web.i18n import SOURCE, Catalogs, Language, load_catalogs
from tests.tools import messages

CATALOGS = load_catalogs(messages.TEMPLATES / "locale")
HOLE = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "chosen"),
    [
        ("", "", "", "en"),
        ("de", "en", "en", "de"),
        ("", "de", "en", "de"),
        ("xx", "de", "en", "de"),
        ("", "", "de-AT,de;q=0.9,en;q=0.8", "de"),
        ("", "", "fr, de;q=0.3, en;q=0.2", "de"),
        ("", "", "en;q=0.2, de;q=0.8", "de"),
        ("", "", "de;q=0, en", "en"),
        ("DE", "", "", "de"),
        ("", "de_DE", "", "de"),
        ("../de", "\x00", "*;q=x,;;;,,", "en"),
        ("", "", "de;q=nan, en;q=0.1", "en"),
    ],
)
def test_choice(query: str, cookie: str, accept: str, chosen: str) -> None:
    """Each triple shows that link beats cookie beats browser, and nonsense is passed over."""
    assert CATALOGS.choose(query=query, cookie=cookie, accept=accept) == chosen


@given(query=st.text(), cookie=st.text(), accept=st.text())
def test_choice_is_always_a_language_of_ours(query: str, cookie: str, accept: str) -> None:
    """Any text shows that the choice is one of our tags, so it may stand in a page and a path."""
    chosen = CATALOGS.choose(query=query, cookie=cookie, accept=accept)
    assert chosen in {language.tag for language in CATALOGS.languages}


def test_a_very_long_header_is_cut() -> None:
    """A megabyte of Accept-Language shows that only its beginning is read."""
    assert CATALOGS.choose(accept="xx," * 400_000 + "de") == SOURCE


def test_languages_name_themselves() -> None:
    """The picker's words show that who looks for a language can read its name."""
    assert CATALOGS.languages == (
        Language("en", "English", "ltr"),
        Language("de", "Deutsch", "ltr"),
    )


def test_regional_catalog_wins_over_its_language() -> None:
    """A `pt-BR` beside a `pt` shows that the nearer one is taken, and `pt-PT` falls back."""
    languages = (Language("pt", "português", "ltr"), Language("pt-BR", "português", "ltr"))
    texts = {language.tag: gettext.NullTranslations() for language in languages}
    catalogs = Catalogs(languages, texts)
    assert catalogs.known("pt-br") == "pt-BR"
    assert catalogs.known("pt-PT") == "pt"


def test_right_to_left_is_known(tmp_path: Path) -> None:
    """An Arabic catalog shows that its direction comes with it."""
    folder = tmp_path / "ar" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text('msgid ""\nmsgstr "Language: ar\\n"\n', encoding="utf-8")
    assert load_catalogs(tmp_path).language("ar").direction == "rtl"


def test_broken_catalog_is_named(tmp_path: Path) -> None:
    """A file that is no catalog shows that the start fails with its path."""
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text("this is no catalog", encoding="utf-8")
    with pytest.raises(ValueError, match=r"messages\.po"):
        load_catalogs(tmp_path)


@pytest.mark.parametrize("path", messages.catalogs(), ids=lambda path: path.parts[-3])
def test_catalogs_are_complete(path: Path) -> None:
    """Templates against each catalog show that no text lacks a translation and none is left over.

    `python -m tests.tools.messages` brings a catalog up to date.
    """
    wanted = {message.id for message in messages.extract() if message.id}
    catalog = messages.read(path)
    assert {message.id for message in catalog if message.id} == wanted
    assert messages.untranslated(catalog) == []
    assert not any(message.fuzzy for message in catalog if message.id)


@pytest.mark.parametrize("path", messages.catalogs(), ids=lambda path: path.parts[-3])
def test_translations_keep_their_holes(path: Path) -> None:
    """Every translation shows that it fills exactly the holes of its text: no page can fail."""
    for message in filter(lambda entry: entry.id, messages.read(path)):
        for text in messages.forms(message.string):
            assert set(HOLE.findall(text)) == set(HOLE.findall(messages.forms(message.id)[-1]))
            assert "%" not in HOLE.sub("", text)
            assert "<" not in text
