"""The rules of the house, kept by machine so that a reader can rely on them."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILE_LINES = 300
FUNCTION_LINES = 40

SOURCES = sorted(
    path
    for folder in ("sidecar", "plugins")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# These lists may only shrink. Each entry is a debt; a test fails when one is paid and still here.
WITHOUT_TWIN: dict[str, str] = {
    "sidecar/api/about.py": "declarations only",
    "sidecar/api/endpoint.py": "shown by tests/unit/api/test_openapi.py",
    "sidecar/api/endpoints.py": "shown by tests/unit/api/test_openapi.py",
    "sidecar/api/problems.py": "declarations only",
    "sidecar/api/recovery.py": "declarations only",
    "sidecar/api/status.py": "declarations only",
    "sidecar/api/users.py": "declarations only",
    "sidecar/settings/resting.py": "declarations only",
    "sidecar/flows/replaying.py": "shown by tests/unit/web/management/test_app.py",
    "sidecar/web/management/call.py": "declarations only",
    "sidecar/__main__.py": "two lines; every command test runs it",
    "sidecar/conformance/answers.py": "shown by tests/conformance/test_defects.py",
    "sidecar/conformance/case.py": "declarations only",
    "sidecar/conformance/devices.py": "shown by tests/conformance/test_factor.py",
    "sidecar/conformance/hostile.py": "shown by tests/conformance/test_defects.py",
    "sidecar/conformance/people.py": "shown by tests/conformance/test_defects.py",
    "sidecar/conformance/quiet.py": "shown by tests/conformance/test_defects.py",
    "sidecar/conformance/shown.py": "shown by tests/conformance/test_defects.py",
    "sidecar/conformance/softkey.py": "shown by tests/plugins/factors/webauthn",
    "sidecar/conformance/suite.py": "shown by tests/conformance/test_defects.py",
    "sidecar/conformance/timing.py": "shown by tests/conformance/test_defects.py",
    "sidecar/conformance/world.py": "shown by tests/conformance/test_defects.py",
    "sidecar/core/messages.py": "declarations only",
    "sidecar/core/directory.py": "declarations only",
    "sidecar/core/feed.py": "declarations only",
    "sidecar/core/invitations.py": "declarations only",
    "sidecar/core/recoveries.py": "declarations only",
    "sidecar/core/replays.py": "declarations only",
    "sidecar/core/stores.py": "declarations only",
    "sidecar/core/trail.py": "declarations only",
    "sidecar/core/transports.py": "declarations only",
    "sidecar/core/volume.py": "declarations only",
    "sidecar/demo/api.py": "shown by tests/unit/demo/test_app.py",
    "sidecar/demo/desk.py": "shown by tests/unit/demo/test_app.py",
    "sidecar/demo/pages.py": "shown by tests/unit/demo/test_app.py",
    "sidecar/demo/visit.py": "shown by tests/unit/demo/test_app.py",
    "sidecar/listening.py": "shown by tests/unit/test_app.py",
    "sidecar/web/lines.py": "declarations only",
    "sidecar/web/questions.py": "declarations only",
    "sidecar/proxy/upstream.py": "declarations only",
    "sidecar/proxy/verdicts.py": "declarations only",
}
TOO_LONG: dict[str, str] = {
    "sidecar/core/model.py": "the nouns of the glossary, a few lines each",
}

BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
BANNED_MODULES = {"random", "pickle", "marshal", "shelve"}
BANNED_CALLS = {
    "asyncio.create_task",
    "asyncio.ensure_future",
    "datetime.utcnow",
    "eval",
    "exec",
    "os.system",
    "yaml.load",
    "yaml.unsafe_load",
}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules(path: Path) -> Iterator[str]:
    """Every module that the file imports, wherever in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{name(path)}: {node.name}", (node.end_lineno or 0) - node.lineno + 1


def twins(path: Path) -> tuple[Path, ...]:
    """Where the test of a source file may lie."""
    role, *rest = path.relative_to(ROOT).parts
    folder = ROOT / "tests" / ("unit" if role == "sidecar" else "plugins")
    if is_plugin(path):
        return (folder.joinpath(*rest[:-2], f"test_{rest[-2]}.py"),)
    # A part of a plugin, which nothing but the plugin imports, is called `_part.py`.
    part = rest[-1] if rest[-1].startswith("__") else rest[-1].removeprefix("_")
    return (folder.joinpath(*rest[:-1], f"test_{part}"),)


def is_plugin(path: Path) -> bool:
    """Tell whether the file is a plugin of several files: the one that names it."""
    return path.name == "__init__.py" and path.parents[2] == ROOT / "plugins"


def test_each_source_file_has_its_twin() -> None:
    """Every file of the product shows that a test file of the same name stands beside it."""
    missing = {
        name(path)
        for path in SOURCES
        if path.name != "__init__.py" or is_plugin(path)
        if not any(twin.exists() for twin in twins(path))
    }
    assert sorted(missing - WITHOUT_TWIN.keys()) == []


def test_lists_of_exceptions_only_shrink() -> None:
    """The lists of exceptions show that each entry is still needed."""
    known = {name(path): path for path in (*SOURCES, *TESTS)}
    paid = [
        entry
        for entry in WITHOUT_TWIN
        if entry in known and any(twin.exists() for twin in twins(known[entry]))
    ]
    gone = [entry for entry in (*WITHOUT_TWIN, *TOO_LONG) if entry not in known]
    short = [entry for entry in TOO_LONG if entry in known and length(known[entry]) <= FILE_LINES]
    assert (paid, gone, short) == ([], [], [])


def length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_files_are_short() -> None:
    """The length of every file shows that it has one subject."""
    assert {
        name(path): length(path)
        for path in (*SOURCES, *TESTS)
        if length(path) > FILE_LINES and name(path) not in TOO_LONG
    } == {}


def test_functions_are_short() -> None:
    """The length of every function shows that it does one thing."""
    assert {
        where: lines
        for path in (*SOURCES, *TESTS)
        for where, lines in functions(path)
        if lines > FUNCTION_LINES
    } == {}


def test_names_say_something() -> None:
    """File names show that none of the words that mean everything and nothing is used."""
    named = {name(path): {path.stem, *path.relative_to(ROOT).parts[:-1]} for path in SOURCES}
    assert [where for where, words in named.items() if words & BANNED_NAMES] == []


def test_dangerous_parts_are_not_used() -> None:
    """Imports and calls show that no guessable number, no code in data, no stray task occurs."""
    found = [
        f"{name(path)}: {module}"
        for path in SOURCES
        for module in modules(path)
        if module.split(".")[0] in BANNED_MODULES
    ]
    found += [
        f"{name(path)}:{node.lineno}: {ast.unparse(node.func)}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in BANNED_CALLS
    ]
    assert found == []


def test_nothing_is_left_unfinished() -> None:
    """The sources show that no word of an unfinished piece is in them."""
    unfinished = [
        f"{name(path)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert unfinished == []


def test_modules_say_what_they_are() -> None:
    """Each module's docstring shows in its first line what the file is."""
    silent = [name(path) for path in SOURCES if not (ast.get_docstring(tree(path)) or "").strip()]
    assert silent == []


def test_core_stands_on_the_standard_library() -> None:
    """Imports of the core show that it knows nothing but the language and itself."""
    foreign = [
        f"{name(path)}: {module}"
        for path in SOURCES
        if path.is_relative_to(ROOT / "sidecar" / "core")
        for module in modules(path)
        if module.split(".")[0] not in sys.stdlib_module_names
        and not module.startswith("sidecar.core")
    ]
    assert foreign == []


def test_plugins_know_the_core_only() -> None:
    """Imports of the plugins show that they reach nothing of ours but the core."""
    reaching = [
        f"{name(path)}: {module}"
        for path in SOURCES
        if path.is_relative_to(ROOT / "plugins")
        for module in modules(path)
        if module.split(".")[0] in {"sidecar", "plugins"} and not module.startswith("sidecar.core")
    ]
    assert reaching == []


def test_nobody_imports_a_plugin_by_hand() -> None:
    """Imports of the product show that a plugin enters only because the configuration names it."""
    by_hand = [
        f"{name(path)}: {module}"
        for path in SOURCES
        if path.is_relative_to(ROOT / "sidecar")
        for module in modules(path)
        if module.split(".")[0] == "plugins"
    ]
    assert by_hand == []


def test_every_test_says_what_it_shows() -> None:
    """The docstring of each test shows that it finishes the sentence "shows that"."""
    dumb = [
        f"{name(path)}:{node.lineno}: {node.name}"
        for path in TESTS
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not re.search(r"\bshows?\b", ast.get_docstring(node) or "", re.IGNORECASE)
    ]
    assert dumb == []


def test_requirements_carry_official_names() -> None:
    """Marks of conformance show that each names a requirement in a published form."""
    official = re.compile(
        r"ASVS-\d+\.\d+\.\d+|NIST-[A-Z0-9]+-\d+(\.\d+)?|WCAG-\d\.\d\.\d+|RFC-\d+-[A-Z0-9.]+"
        r"|WEBAUTHN-\d+(\.\d-[A-Z]+(-[A-Z]+)?)?"
    )
    odd = [
        f"{name(path)}:{node.lineno}: {ast.unparse(argument)}"
        for path in TESTS
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.conforms"
        for argument in node.args
        if not official.fullmatch(ast.unparse(argument).strip("'"))
    ]
    assert odd == []


def test_every_prompt_has_its_template() -> None:
    """The prompts that plugins show show that each kind has a template to be shown with."""
    told_to_scripts = {"signal_unknown_key"}
    kinds = {
        ast.literal_eval(node.args[0])
        for path in SOURCES
        if path.is_relative_to(ROOT / "plugins")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Prompt"
    }
    assert kinds
    assert (
        sorted(
            kind
            for kind in kinds - told_to_scripts
            if not (ROOT / "templates" / "prompts" / f"{kind}.html").exists()
        )
        == []
    )
