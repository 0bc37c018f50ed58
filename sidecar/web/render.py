"""From a view to HTML: templates with autoescape, in the visitor's language."""

import math
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel import Locale
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from sidecar.web.assets import Assets, load_assets
from sidecar.web.brought import Unusable, flawed, misplaced
from sidecar.web.formats import Formats
from sidecar.web.i18n import Catalogs, load_catalogs
from sidecar.web.qr import qr_svg
from sidecar.web.views import Frame, View

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of every page; `templates/` holds no inline script or style."""

FEW_CODES = 3
"""From here on the account page warns that backup codes run out."""


@dataclass(frozen=True, slots=True)
class Branding:
    """What the operator says about themselves on every page."""

    name: str
    """Of the application, or of the group of applications, behind the sidecar."""
    help_text: str = ""
    """Whom to ask, one line, also the answer where nothing else helps."""
    help_url: str = ""


class _Compiled(BytecodeCache):
    """Templates as compiled once for all languages, whose environments differ in texts alone."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


class Renderer:
    """Renders views; all is read and compiled at start, so a broken template is a fault then."""

    def __init__(
        self,
        folder: Path,
        *,
        branding: Branding,
        prefix: str = "/_sidecar/",
        brought: tuple[Path, ...] = (),
    ) -> None:
        """Read templates, catalogs and static files of our folder, and what plugins brought.

        Raises:
            Unusable: a template, catalog or static file that cannot be used.

        """
        folders = (folder, *brought)
        if flaws := tuple(misplaced(folder, brought)):
            raise Unusable(flaws)
        self.catalogs: Catalogs = load_catalogs(*(one / "locale" for one in folders))
        self.assets: Assets = load_assets(*(one / "static" for one in folders))
        self.prefix = prefix
        self._branding = branding
        compiled = _Compiled()
        self._environments = {
            language.tag: self._environment(folders, language.tag, compiled)
            for language in self.catalogs.languages
        }
        for environment in self._environments.values():
            names = environment.list_templates(extensions=["html"])
            if flaws := tuple(flawed(environment, names, brought)):
                raise Unusable(flaws)

    def page(self, view: View, frame: Frame) -> str:
        """Return the whole document."""
        environment = self._environments[frame.language]
        template = environment.get_template(f"pages/{view.template}.html")
        return template.render(view=view, frame=frame)

    def document(self, template: str, **values: object) -> str:
        """Return a document for operators, who read English."""
        return self._environments["en"].get_template(template).render(**values)

    def prompt_kinds(self) -> frozenset[str]:
        """Return the kinds of prompt that have a template; a plugin's must be among them."""
        names = self._environments["en"].list_templates(extensions=["html"])
        found = (name.removeprefix("prompts/") for name in names if name.startswith("prompts/"))
        return frozenset(name.removesuffix(".html") for name in found)

    def url(self, path: str, **query: str) -> str:
        """Return the address of one of our pages, with the query parameters that are not empty."""
        asked = {name: value for name, value in query.items() if value}
        text = f"{self.prefix}{path}"
        return f"{text}?{urllib.parse.urlencode(asked)}" if asked else text

    def static(self, plain: str) -> str:
        return f"{self.prefix}static/{self.assets.name_of(plain)}"

    def _environment(self, folders: tuple[Path, ...], tag: str, compiled: _Compiled) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(folders),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            bytecode_cache=compiled,
        )
        texts = self.catalogs.texts(tag)
        # The i18n extension adds this method at run time.
        install = environment.install_gettext_callables  # type: ignore[attr-defined]
        install(texts.gettext, texts.ngettext, newstyle=True)
        environment.globals.update(self._globals(tag))
        # A plugin's own words: translated by its catalog, and never read as a format or markup.
        environment.filters.update(chunks=chunks, data_url=data_url, spoken=texts.gettext)
        environment.filters.update(prose=prose, breakable=breakable)
        return environment

    def _globals(self, tag: str) -> Mapping[str, object]:
        return {
            "url": self.url,
            "static": self.static,
            "brand": self._branding,
            "language": self.catalogs.language(tag),
            "languages": self.catalogs.languages,
            "in_language": in_language,
            "show": Formats(Locale.parse(tag, sep="-")),
            "qr": qr_svg,
            "few_codes": FEW_CODES,
            "round_s": round_s,
        }


def chunks(text: str, size: int = 4) -> Iterator[str]:
    """Yield the text in groups of `size`, as people read keys and codes aloud."""
    return (text[start : start + size] for start in range(0, len(text), size))


def data_url(text: str) -> str:
    """Return a `data:` address of a text file: a download that needs neither script nor server."""
    plain = text.unescape() if isinstance(text, Markup) else text
    return "data:text/plain;charset=utf-8," + urllib.parse.quote(plain)


def prose(text: str) -> Markup:
    """Return plain text with what stands between backquotes as code."""
    parts = [
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part)
        for at, part in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)


def breakable(path: str) -> Markup:
    """Return a path that may be broken behind its slashes."""
    return Markup("/<wbr>").join(path.split("/"))


def in_language(here: str, tag: str) -> str:
    """Return the address `here` with `lang` set, its other parameters as they were."""
    path, _, query = here.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("lang=")]
    return f"{path}?{'&'.join([*kept, f'lang={urllib.parse.quote(tag)}'])}"


def round_s(offset_s: int, step_s: int = 10) -> int:
    """Return seconds without their sign, rounded up to what a person would say ("about 40")."""
    return math.ceil(abs(offset_s) / step_s) * step_s
