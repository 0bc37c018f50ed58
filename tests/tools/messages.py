"""Keeps the catalogs in step with the templates: `python -m tests.tools.messages`.

New texts appear in each `messages.po` without a translation, texts that are gone disappear; a
test fails until everything is translated.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

TEMPLATES = Path(__file__).parents[2] / "templates"
NOISE = (
    '"Project-Id-Version',
    '"Report-Msgid',
    '"POT-Creation',
    '"PO-Revision',
    '"Last-Translator',
    '"Language-Team',
    '"Generated-By',
    "#, fuzzy",
    "# German translations for PROJECT",
    "# Copyright (C)",
    "# This file is distributed",
    "# FIRST AUTHOR",
)
METHODS = [("**.html", "jinja2"), ("**.txt", "jinja2")]
_TEMPLATE = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
OPTIONS = {"**.html": _TEMPLATE, "**.txt": _TEMPLATE}


def extract() -> Catalog:
    """Return every text of the templates, with the files it is in."""
    catalog = Catalog()
    found = extract_from_dir(str(TEMPLATES), method_map=METHODS, options_map=OPTIONS)
    for file, _line, message, _comments, context in found:
        # No line numbers: a catalog changes when texts do, not when lines move.
        catalog.add(message, locations=[(file, 0)], context=context)
    return catalog


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def catalogs() -> list[Path]:
    return sorted((TEMPLATES / "locale").glob("*/LC_MESSAGES/messages.po"))


def untranslated(catalog: Catalog) -> list[str]:
    """Return the texts that have no translation, or lack one of their plural forms."""
    return [str(message.id) for message in catalog if message.id and not all(forms(message.string))]


def forms(string: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string or ("",))


def _shorten(path: Path) -> None:
    """Drop the header lines that only say when and by which tool the file was written."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = (line for line in lines if not line.startswith(NOISE))
    path.write_text("".join(kept), encoding="utf-8")


def main() -> None:
    texts = extract()
    for path in catalogs():
        catalog = read(path)
        catalog.update(texts, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        with path.open("wb") as file:
            write_po(file, catalog, width=100, include_lineno=False)
        _shorten(path)
        print(f"{path}: {len(catalog)} texts, {len(untranslated(catalog))} without translation")


if __name__ == "__main__":
    main()
