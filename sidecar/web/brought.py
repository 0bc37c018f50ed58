"""What plugins bring for our pages and messages, looked at before any of it is used.

A plugin's folder adds files and replaces none: ours are what people know and what was tested, and
of two plugins neither can tell what the other one meant.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, TemplateError, TemplateSyntaxError, nodes
from jinja2.meta import find_referenced_templates

_PLACES: Final = re.compile(
    r"prompts/[a-z][a-z0-9_]*\.html"
    r"|messages/[a-z][a-z0-9_]*\.(?:txt|html)"
    r"|static/[a-z][a-z0-9_.-]*\.(?:css|js|svg)"
    r"|locale/[A-Za-z0-9-]+/LC_MESSAGES/messages\.po"
)
_PASSED_OVER: Final = re.compile(r"(?:.*/)?(?:[._].*|[^/]*\.(?:pot|mo|pyc|py))")
"""What editors, translators and Python leave beside the files; a package may be its own folder."""
_SHARED: Final = "locale/"
"""Catalogs are added together and do not get in each other's way."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with a file for our pages."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        """`file:line: what is wrong`, the form that editors jump to."""
        return f"{self.path}:{self.line}: {self.message}"


class Unusable(ValueError):
    """Files for our pages that cannot be used; all that is wrong with them is told."""

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        self.flaws = tuple(flaws)
        super().__init__("\n".join(map(str, self.flaws)))


def misplaced(ours: Path, folders: Iterable[Path]) -> Iterator[Flaw]:
    """Yield the files that have no place with us, or whose place is taken."""
    taken = dict.fromkeys(_names(ours), ours)
    for folder in folders:
        if not folder.is_dir():
            yield Flaw(folder, 1, "the folder that the plugin names (Plugin.files) is not there")
            continue
        yield from _leading_out(folder)
        for name in _names(folder):
            if not _PLACES.fullmatch(name):
                message = (
                    "has no place here: a plugin brings prompts/*.html, messages/*.txt and .html,"
                    " static/*.css, .js and .svg, and locale/<tag>/LC_MESSAGES/messages.po"
                )
                yield Flaw(folder / name, 1, message)
            elif not name.startswith(_SHARED) and name in taken:
                message = f"there is one of this name already, in {taken[name]}: give it another"
                yield Flaw(folder / name, 1, message)
            else:
                taken[name] = folder


def _leading_out(folder: Path) -> Iterator[Flaw]:
    """Yield the links by which anybody would be served what is not the plugin's."""
    there = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and not path.resolve().is_relative_to(there):
            yield Flaw(path, 1, "leads out of the plugin's folder: copy what it leads to")


def flawed(
    environment: Environment, names: Iterable[str], folders: Iterable[Path]
) -> Iterator[Flaw]:
    """Yield what keeps templates from being compiled, and what plugins' templates may not do."""
    brought = tuple(folder.resolve() for folder in folders)
    for name in names:
        try:
            template = environment.get_template(name)
        except TemplateSyntaxError as error:
            yield Flaw(Path(error.filename or name), error.lineno, error.message or "a fault")
            continue
        except (TemplateError, UnicodeError) as error:
            yield Flaw(Path(name), 1, str(error))
            continue
        path = Path(template.filename or name)
        if any(path.resolve().is_relative_to(folder) for folder in brought):
            yield from _forbidden(environment, path)


def _forbidden(environment: Environment, path: Path) -> Iterator[Flaw]:
    """Yield where a template turns escaping off, or refers to a template that is not there."""
    tree = environment.parse(path.read_text(encoding="utf-8"), filename=str(path))
    escaping: list[nodes.Node] = list(tree.find_all(nodes.ScopedEvalContextModifier))
    escaping += [one for one in tree.find_all(nodes.Filter) if one.name == "safe"]
    for node in escaping:
        yield Flaw(path, node.lineno, "escaping stays on: no `safe` and no `autoescape`")
    for name in find_referenced_templates(tree):
        if name is not None and name not in environment.list_templates():
            yield Flaw(path, 1, f"it refers to {name!r}, which is not there")


def _names(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if not _PASSED_OVER.fullmatch(name))
