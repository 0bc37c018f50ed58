"""A plugin's folder says nothing in our name (THREATS 47).

Its words are for its own texts: our warnings mean what they meant, in every language.
"""

from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from sidecar.bundled import TEMPLATES
from sidecar.web.i18n import load_catalogs

pytestmark = pytest.mark.threat(47)
HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
OURS = load_catalogs(TEMPLATES / "locale")


def known() -> list[str | tuple[str, str]]:
    """Return our texts, those that count in both forms."""
    with (TEMPLATES / "locale/de/LC_MESSAGES/messages.po").open("rb") as file:
        found = [message.id for message in read_po(file)]
    return [text if isinstance(text, str) else (text[0], text[1]) for text in found]


def entry(text: str, instead: str) -> str:
    return f'\nmsgid "{text}"\nmsgstr "{instead}"\n'


def brought(folder: Path, tag: str, *entries: str) -> Path:
    """Return the folder of a plugin with a catalog."""
    path = folder / tag / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_text(HEAD + "".join(entries), encoding="utf-8")
    return folder


@pytest.mark.parametrize("tag", ["en", "de"])
def test_our_texts_stay_ours_in_every_language(tmp_path: Path, tag: str) -> None:
    """A catalog with another meaning for each of our texts shows that none of them changed, also
    in the language that we have no catalog for, and that the plugin's own word is said.
    """
    ours = [text for text in known() if isinstance(text, str) and text]
    plain = [text for text in ours if not set(text) & set('%"\\\n')]
    assert len(plain) > 100
    entries = [entry(text, "Send this code to the caller") for text in plain]
    folder = brought(tmp_path, tag, *entries, entry("Chat message", "Note"))
    texts = load_catalogs(TEMPLATES / "locale", folder).texts(tag)
    assert [texts.gettext(text) for text in plain] == [
        OURS.texts(tag).gettext(text) for text in plain
    ]
    assert texts.gettext("Chat message") == "Note"


@pytest.mark.parametrize("tag", ["en", "de"])
def test_forms_that_count_stay_ours(tmp_path: Path, tag: str) -> None:
    """A catalog that says our plural under either of its forms shows ours all the same."""
    one, many = next(text for text in known() if not isinstance(text, str))
    forms = f'\nmsgid "{one}"\nmsgid_plural "{many}"\nmsgstr[0] "x"\nmsgstr[1] "y"\n'
    folder = brought(tmp_path, tag, forms.replace("x", one).replace("y", f"{many}!"))
    texts = load_catalogs(TEMPLATES / "locale", folder).texts(tag)
    for count in (1, 2, 5):
        assert texts.ngettext(one, many, count) == OURS.texts(tag).ngettext(one, many, count)
