"""Languages: which there are, which one a visitor gets, and the texts in it."""

import gettext
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from sidecar.web.brought import Flaw, Unusable

SOURCE = "en"
"""The language that the templates are written in; it needs no catalog."""

COOKIE = "sidecar_lang"

MAX_HEADER = 500
"""Characters of Accept-Language that are read: browsers send under 100."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language that the pages speak."""

    tag: str
    name: str
    """In itself: who looks for it must be able to read it."""
    direction: str
    """`ltr` or `rtl`."""


@dataclass(frozen=True, slots=True)
class Catalogs:
    """All languages with their texts; the source language comes first."""

    languages: tuple[Language, ...]
    _texts: Mapping[str, gettext.NullTranslations]

    def language(self, tag: str) -> Language:
        """Return the language of a tag that `choose` returned."""
        return next(language for language in self.languages if language.tag == tag)

    def texts(self, tag: str) -> gettext.NullTranslations:
        return self._texts[tag]

    def known(self, tag: str) -> str | None:
        """Return our tag for a visitor's (`de-AT` -> `de`), or None."""
        wanted = tag.strip().lower().replace("_", "-")
        for candidate in (wanted, wanted.partition("-")[0]):
            for language in self.languages:
                if language.tag.lower() == candidate:
                    return language.tag
        return None

    def choose(self, *, query: str = "", cookie: str = "", accept: str = "") -> str:
        """Return the tag to use: the link just clicked, else what was chosen, else the browser's.

        Never fails: what cannot be read is passed over, and the source language remains.
        """
        for tag in (query, cookie, *_accepted(accept)):
            if found := self.known(tag):
                return found
        return SOURCE


def load_catalogs(folder: Path, *others: Path) -> Catalogs:
    """Read every `<tag>/LC_MESSAGES/messages.po`, compiled in memory so that it is never stale.

    The languages are those of the first folder. The others, in their order, add words for texts
    that it has none of, and say none of its texts in any language: the source language has no
    catalog, so that theirs could else turn our warnings into something else.

    Raises:
        Unusable: a catalog that cannot be read, or whose texts have other values in them.

    """
    texts: dict[str, gettext.NullTranslations] = {SOURCE: gettext.NullTranslations()}
    ours: set[str] = set()
    for path in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        catalog = _read(path)
        ours |= _said(catalog)
        texts[path.parent.parent.name] = _compile(path, catalog)
    for other in others:
        for tag, known in texts.items():
            path = other / tag / "LC_MESSAGES" / "messages.po"
            if path.is_file():
                known.add_fallback(_compile(path, _without(_read(path), ours)))
    return Catalogs(tuple(_language(tag) for tag in texts), texts)


def _read(path: Path) -> Catalog:
    try:
        with path.open("rb") as file:
            return read_po(file, abort_invalid=True)
    except Exception as error:
        raise _unreadable(path, error) from error


def _compile(path: Path, catalog: Catalog) -> gettext.GNUTranslations:
    compiled = io.BytesIO()
    try:
        write_mo(compiled, catalog)
        compiled.seek(0)
        translations = gettext.GNUTranslations(compiled)
    except Exception as error:
        raise _unreadable(path, error) from error
    # Values that a text does not have would be missed when it is shown, to one language's readers.
    wrong = [Flaw(path, message.lineno or 1, str(errors[0])) for message, errors in catalog.check()]
    if wrong:
        raise Unusable(wrong)
    return translations


def _unreadable(path: Path, error: Exception) -> Unusable:
    return Unusable([Flaw(path, 1, f"no readable catalog: {error}")])


def _said(catalog: Catalog) -> set[str]:
    """Return the texts of a catalog, each form of those that count."""
    forms = (one.id if isinstance(one.id, list | tuple) else (one.id,) for one in catalog)
    return {form for each in forms for form in each if form}


def _without(catalog: Catalog, ours: set[str]) -> Catalog:
    """Return the catalog without what it says of our texts."""
    for message in tuple(catalog):
        forms = message.id if isinstance(message.id, list | tuple) else (message.id,)
        if ours.intersection(forms):
            catalog.delete(message.id, message.context)
    return catalog


def _language(tag: str) -> Language:
    locale = Locale.parse(tag, sep="-")
    return Language(tag, locale.get_display_name() or tag, locale.text_direction)


def _accepted(header: str) -> list[str]:
    """Return the tags of Accept-Language, most wanted first. Source: RFC 9110 §12.5.4."""
    ranked: list[tuple[float, str]] = []
    for item in header[:MAX_HEADER].split(","):
        tag, _, parameter = item.partition(";")
        quality = _quality(parameter.strip())
        if tag.strip() and quality > 0:
            ranked.append((quality, tag.strip()))
    return [tag for _, tag in sorted(ranked, key=lambda pair: -pair[0])]


def _quality(parameter: str) -> float:
    if not parameter:
        return 1.0
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q" or not value.strip().replace(".", "", 1).isascii():
        return 0.0
    try:
        return min(float(value), 1.0)
    except ValueError:
        return 0.0
