"""From a message to a letter: templates without a page around them, in the reader's language.

What people type, or an application says of them, stands in letters as data: one line, printable,
and never anything that a mailbox or phone would turn into a link.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from sidecar.core.messages import Letter
from sidecar.core.outbox import Posted
from sidecar.web.brought import Unusable, flawed
from sidecar.web.formats import moment
from sidecar.web.i18n import Catalogs

EMAIL: Final = "email"
SMS: Final = "sms"
MAX_WORD_CHARS: Final = 60
_MOMENTS: Final = ("when", "held_until")
"""Values that are moments (ISO 8601), told in the reader's words."""
_SUBJECT: Final = "Subject:"
_MAILBOX = re.compile(r"[^\s@/:]{1,64}@[^\s@/:]{1,255}")
_LINKING = re.compile("[./:@\\\\\u3002\uff0e\uff61\u2024\uff0f\uff1a\uff20]+")
"""Also what readers of addresses fold to these (UTS #46 §4, NFKC)."""
_CALLED = re.compile(r"\+?[0-9](?:[ ()\-]*[0-9]){5,}")
"""What a phone offers to call: by a name, a thief could send the warned owner to a helpline."""
_TO_GSM: Final = {
    **dict.fromkeys((0x2018, 0x2019), "'"),
    **dict.fromkeys((0x201C, 0x201D, 0x201E), '"'),
    **dict.fromkeys((0x2013, 0x2014), "-"),
    **dict.fromkeys((0x00A0, 0x202F), " "),
    0x2026: "...",
}
"""Typography outside GSM 03.38, which would cut a text message from 160 characters to 70."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: what every letter says of the installation."""

    app: str
    host: str
    """Where people sign in; phones fill the code in on pages of this host alone."""
    help: str = ""
    help_url: str = ""
    kinds: Mapping[str, str] | None = None
    """Factor instance -> plugin name, which the templates have words for."""
    labels: Mapping[str, str] | None = None
    """Factor instance -> the plugin's own word for it, where it brings one."""


class LetterWriter:
    """Writes letters; all is read and compiled at start, so a broken template is a fault then."""

    def __init__(self, folders: tuple[Path, ...], catalogs: Catalogs, sender: Sender) -> None:
        """Read the templates below `messages/` of the folders; the first that has one wins.

        Raises:
            Unusable: a template with a fault.

        """
        self._catalogs = catalogs
        self._sender = sender
        self._environments = {
            language.tag: self._environment(folders, language.tag)
            for language in catalogs.languages
        }
        self.names: frozenset[str] = frozenset()
        """The messages that there are words for."""
        for environment in self._environments.values():
            found = environment.list_templates(extensions=["txt", "html"])
            if flaws := tuple(flawed(environment, found, folders[1:])):
                raise Unusable(flaws)
            self.names = frozenset(
                name.removesuffix(".txt")
                for name in found
                if name.endswith(".txt") and "/" not in name
            )
        self._html = frozenset(name for name in found if name.endswith(".html"))

    def language(self, wanted: str) -> str:
        """Return the language to write in, for what a browser asked for."""
        return self._catalogs.choose(query=wanted, accept=wanted)

    def write(self, posted: Posted) -> Letter:
        """Return the letter.

        Raises:
            jinja2.TemplateError: there is no such template, or it asks for what is not said.

        """
        message = posted.message
        tag = self._catalogs.known(posted.language) or self._catalogs.languages[0].tag
        environment, said = self._environments[tag], self._said(posted, tag)
        text = environment.get_template(f"{message.template}.txt").render(said).strip()
        subject, text = _parted(text)
        html = ""
        if message.channel == EMAIL and f"{message.template}.html" in self._html:
            html = environment.get_template(f"{message.template}.html").render(said)
        if message.channel == SMS:
            subject, text = "", _short(text, message.values.get("code", ""), self._sender.host)
        return Letter(
            *(message.channel, message.to, text, posted.id, posted.expires_at),
            subject=subject,
            html=html,
        )

    def _said(self, posted: Posted, tag: str) -> dict[str, object]:
        locale = Locale.parse(tag, sep="-")
        values = {
            name: moment(datetime.fromisoformat(value), locale) if name in _MOMENTS else value
            for name, value in posted.message.values.items()
        }
        if "what" in values:
            values["what"] = _CALLED.sub("\u2026", unlinked(values["what"]))
        kinds, labels = self._sender.kinds or {}, self._sender.labels or {}
        factor = values.get("factor", "")
        label = labels.get(factor, "")
        return {
            **values,
            "kind": kinds.get(factor, factor),
            "label": self._catalogs.texts(tag).gettext(label) if label else "",
            "app": self._sender.app,
            "host": self._sender.host,
            "help": self._sender.help,
            "help_url": self._sender.help_url,
            "account": called(posted.account),
            "mail": posted.message.channel == EMAIL,
        }

    def _environment(self, folders: tuple[Path, ...], tag: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader([folder / "messages" for folder in folders]),
            autoescape=select_autoescape(("html",), default=False),
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        texts = self._catalogs.texts(tag)
        # The i18n extension adds this method at run time.
        install = environment.install_gettext_callables  # type: ignore[attr-defined]
        install(texts.gettext, texts.ngettext, newstyle=True)
        environment.globals["language"] = self._catalogs.language(tag)
        return environment


def tidy(text: str) -> str:
    """Return the text on one line, printable, and not longer than a name is."""
    line = " ".join(text.split())
    return "".join(char for char in line if char.isprintable())[:MAX_WORD_CHARS].strip()


def unlinked(text: str) -> str:
    """Return the text without what makes phones and mailboxes see an address in it."""
    return " ".join(_LINKING.sub(" ", tidy(text)).split())


def called(account: str) -> str:
    """Return how the person is called: their mailbox, or a name that is no address."""
    line = tidy(account)
    return line if _MAILBOX.fullmatch(line) else unlinked(line)


def _parted(text: str) -> tuple[str, str]:
    """Return the subject that the first line gives, and the rest."""
    first, _, rest = text.partition("\n")
    if not first.startswith(_SUBJECT):
        return "", text
    return first.removeprefix(_SUBJECT).strip(), rest.strip()


def _short(text: str, code: str, host: str) -> str:
    """Return the text in characters that phones share; a code's last line binds it to our host.

    Source: https://wicg.github.io/sms-one-time-codes/.
    """
    plain = text.translate(_TO_GSM)
    return f"{plain}\n\n@{host} #{code}" if code else plain
