"""What plugins bring for our pages and messages."""

from pathlib import Path

import pytest

from sidecar.bundled import TEMPLATES
from sidecar.letters import LetterWriter, Sender
from sidecar.web.brought import Unusable
from sidecar.web.render import Branding, Renderer

GERMAN = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"

msgid "Chat message"
msgstr "Chat-Nachricht"

msgid "Confirm"
msgstr "Anders"
"""


def brings(folder: Path, **files: str) -> Path:
    """Return the folder, in which the files now are; `__` in a name stands for `/`."""
    for name, text in files.items():
        path = folder.joinpath(*name.split("__"))
        path = path.with_name(path.name.replace("_dot_", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def rendered(*folders: Path) -> Renderer:
    return Renderer(TEMPLATES, branding=Branding("Harbour"), brought=folders)


def flaws(*folders: Path) -> list[str]:
    """Return what is wrong, without the way to it."""
    with pytest.raises(Unusable) as unusable:
        written(rendered(*folders), *folders)
    return [
        f"{flaw.path.relative_to(folders[-1])}:{flaw.line}: {flaw.message}"
        for flaw in unusable.value.flaws
    ]


def written(pages: Renderer, *folders: Path) -> LetterWriter:
    return LetterWriter((TEMPLATES, *folders), pages.catalogs, Sender("Harbour", "a.test"))


def test_a_plugin_adds_prompts_messages_files_and_words(tmp_path: Path) -> None:
    """A plugin's folder shows its prompt, message and script among ours, and its words in the
    languages of our pages, where ours have none.
    """
    folder = brings(
        tmp_path,
        prompts__chat_code_dot_html='<p>{{ _("Chat message") }}{{ static("chat.js") }}</p>',
        messages__chat_note_dot_txt='{{ _("Chat message") }}: {{ code }}',
        static__chat_dot_js="export {};",
        locale__de__LC_MESSAGES__messages_dot_po=GERMAN,
        locale__fr__LC_MESSAGES__messages_dot_po=GERMAN,
    )
    brings(folder, __init___dot_py="", prompts___DS_Store="", locale__messages_dot_pot="")
    pages = rendered(folder)
    assert "chat_code" in pages.prompt_kinds()
    assert "chat_note" in written(pages, folder).names
    name = pages.static("chat.js").removeprefix("/_sidecar/static/")
    found = pages.assets.find(name)
    assert found is not None
    assert found.body == b"export {};"
    german = pages.catalogs.texts("de")
    assert german.gettext("Chat message") == "Chat-Nachricht"
    assert german.gettext("Confirm") == "Bestätigen"
    assert [language.tag for language in pages.catalogs.languages] == ["en", "de"]


@pytest.mark.parametrize(
    "name", ["prompts/code.html", "messages/sign_in_code.txt", "static/page.css"]
)
def test_nothing_of_ours_is_replaced(tmp_path: Path, name: str) -> None:
    """A file of the name of one of ours shows as a fault that says where ours is."""
    brings(tmp_path, **{name.replace("/", "__").replace(".", "_dot_"): "x"})
    assert flaws(tmp_path) == [
        f"{name}:1: there is one of this name already, in {TEMPLATES}: give it another"
    ]


def test_two_plugins_do_not_share_a_name(tmp_path: Path) -> None:
    """Two plugins with one static name show a fault in the second one."""
    first = brings(tmp_path / "a", static__mine_dot_css="a{}")
    second = brings(tmp_path / "b", static__mine_dot_css="b{}")
    (flaw,) = flaws(first, second)
    assert flaw.startswith("static/mine.css:1: there is one of this name already")


@pytest.mark.parametrize(
    "name",
    ["pages/challenge.html", "base.html", "parts/form.html", "static/a.exe", "prompts/x/y.html"],
)
def test_only_what_has_a_place_is_taken(tmp_path: Path, name: str) -> None:
    """A page, a part or a program shows as a fault: plugins bring no pages."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("x")
    (flaw,) = flaws(tmp_path)
    assert flaw.startswith(f"{name}:1: has no place here")


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """A folder that a plugin names and that does not exist shows as a fault."""
    (flaw,) = flaws(tmp_path / "gone")
    assert flaw == ".:1: the folder that the plugin names (Plugin.files) is not there"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n{{ }", "2: unexpected '}'"),
        ("\n\n{{ x|nonsense }}", "3: No filter named 'nonsense'."),
        ("{{ prompt.data.html|safe }}", "1: escaping stays on: no `safe` and no `autoescape`"),
        (
            "\n{% autoescape false %}{{ x }}{% endautoescape %}",
            "2: escaping stays on: no `safe` and no `autoescape`",
        ),
        (
            '{% include "parts/gone.html" %}',
            "1: it refers to 'parts/gone.html', which is not there",
        ),
    ],
)
@pytest.mark.parametrize("place", ["prompts/odd.html", "messages/odd.txt"])
def test_a_broken_template_is_a_fault_with_its_line(
    tmp_path: Path, place: str, text: str, said: str
) -> None:
    """A template with a fault, or that turns escaping off, shows file and line at start."""
    (tmp_path / place).parent.mkdir()
    (tmp_path / place).write_text(text)
    assert flaws(tmp_path) == [f"{place}:{said}"]


def test_what_a_prompt_says_is_escaped(tmp_path: Path) -> None:
    """A value with markup shows as text in a plugin's prompt."""
    folder = brings(tmp_path, prompts__odd_dot_html="{{ said }}")
    environment = rendered(folder)._environments["en"]
    assert environment.get_template("prompts/odd.html").render(said="<b>") == "&lt;b&gt;"


def test_a_catalog_with_other_values_is_a_fault(tmp_path: Path) -> None:
    """A translation with a value that the text does not have shows as a fault with its line."""
    catalog = GERMAN.replace("Chat message", "Hello %(name)s").replace("Chat-Nachricht", "%(nane)s")
    folder = brings(tmp_path, locale__de__LC_MESSAGES__messages_dot_po=catalog)
    (flaw,) = flaws(folder)
    assert flaw.startswith("locale/de/LC_MESSAGES/messages.po:5: ")


def test_an_unreadable_catalog_is_a_fault(tmp_path: Path) -> None:
    """A catalog that is none shows as a fault with its path."""
    folder = brings(tmp_path, locale__de__LC_MESSAGES__messages_dot_po='msgid "unclosed')
    (flaw,) = flaws(folder)
    assert flaw.startswith("locale/de/LC_MESSAGES/messages.po:1: no readable catalog")


def test_a_template_that_is_no_text_is_a_fault(tmp_path: Path) -> None:
    """A template in another encoding shows as a fault, whatever it refers to."""
    brings(tmp_path, prompts__odd_dot_html="{% include name %}")
    assert "odd" in rendered(tmp_path).prompt_kinds()
    (tmp_path / "prompts" / "odd.html").write_bytes(b"caf\xe9")
    with pytest.raises(Unusable, match=r"prompts/odd.html:1: .*utf-8"):
        rendered(tmp_path)
