"""Applications that read a path differently than the sidecar does (THREATS 1-16, HTTP 1.5)."""

import re
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.core.assurance import Requirement
from sidecar.core.errors import MalformedRequest
from sidecar.core.model import Level
from sidecar.core.paths import DEFAULT_TREATMENTS, PathClass, Treatment, refuse, views
from sidecar.core.policy import Effect, Facts, Policy, Rule, bypassed, select

HEX = frozenset(b"0123456789abcdefABCDEF")
Model = tuple[Callable[[str], str], ...]

# --- how applications read, written without a look at sidecar.core.paths -------------------------


def unescape(path: str) -> str:
    """Percent escapes become bytes, and those UTF-8 text."""
    raw, out, at = path.encode("utf-8", "surrogateescape"), bytearray(), 0
    while at < len(raw):
        code = raw[at + 1 : at + 3]
        if raw[at : at + 1] == b"%" and len(code) == 2 and set(code) <= HEX:
            out.append(int(code, 16))
            at += 3
        else:
            out.append(raw[at])
            at += 1
    return out.decode("utf-8", "surrogateescape")


def windows(path: str) -> str:
    return "/".join(path.split("\\"))


def servlet(path: str) -> str:
    return "/".join(segment.split(";")[0] for segment in path.split("/"))


def merge(path: str) -> str:
    while "//" in path:
        path = path.replace("//", "/")
    return path


def rfc_dots(path: str) -> str:
    """Dot segments go as RFC 3986 §5.2.4 has it, letter by letter."""
    out = ""
    while path:
        if path.startswith("/./") or path == "/.":
            path = "/" + path[3:]
        elif path.startswith("/../") or path == "/..":
            path = "/" + path[4:]
            out = out.rpartition("/")[0]
        else:
            end = path.find("/", 1) if "/" in path[1:] else len(path)
            out, path = out + path[:end], path[end:]
    return out


def clean_dots(path: str) -> str:
    return rfc_dots(merge(path))


def no_slash_at_end(path: str) -> str:
    while len(path) > 1 and path[-1] == "/":
        path = path[:-1]
    return path


def lower(path: str) -> str:
    return path.lower()


def second_split(path: str) -> str:
    for at, char in enumerate(path):
        if char in "?#" or ord(char) < 0x20 or ord(char) == 0x7F:
            return path[:at]
    return path


STEPS = (
    unescape,
    windows,
    servlet,
    merge,
    rfc_dots,
    clean_dots,
    no_slash_at_end,
    lower,
    second_split,
)


def served(path: str, model: Model) -> str:
    for step in model:
        path = step(path)
    return path


def covers(glob: str, path: str) -> bool:
    """Tell, character by character, whether the glob as the documentation words it matches."""
    if glob.endswith("/**") and covers(glob[:-3], path):
        return True
    if not glob:
        return not path
    if glob.startswith("/**/") and path.startswith("/") and covers(glob[3:], path):
        return True
    if glob.startswith("**"):
        return any(covers(glob[2:], path[at:]) for at in range(len(path) + 1))
    if glob.startswith("*"):
        end = (path + "/").index("/")
        return any(covers(glob[1:], path[at:]) for at in range(end + 1))
    return path[:1] == glob[:1] and covers(glob[1:], path[1:])


# --- what is generated ----------------------------------------------------------------------------

NEED = Requirement(Level.TWO_FACTOR)
DEFAULT = Rule("default", Effect.REQUIRE, NEED)
READ_ALL = dict.fromkeys(PathClass, Treatment.READ)

words = st.sampled_from(["a", "b", "admin", "public", "é"])
globs = st.builds(
    lambda parts, end: "/" + "/".join(parts) + end,
    st.lists(
        st.one_of(words, words, st.sampled_from(["*", "**", "a*", "*b"])), min_size=1, max_size=3
    ),
    st.sampled_from(["", "", "/**", "/*"]),
).filter(lambda glob: "**/**" not in glob)
odd_globs = st.builds(
    lambda glob, odd: odd(glob),
    globs,
    st.sampled_from(
        [
            lambda glob: glob,
            str.upper,
            str.title,
            lambda glob: glob + "/",
            lambda glob: glob.replace("a", "%61"),
            lambda glob: glob.replace("/", "//", 1),
            lambda glob: glob.replace("/b", "/b;v=1"),
            lambda glob: glob.replace("/b", "/x/../b"),
            lambda glob: glob + "%2F",
        ]
    ),
)
effects = st.sampled_from([Effect.BYPASS, Effect.BYPASS, Effect.REQUIRE, Effect.DENY])
models: st.SearchStrategy[Model] = st.lists(
    st.sampled_from(STEPS), unique=True, max_size=len(STEPS)
).map(tuple)

NOISE = ("/", "//", "/./", "/b/../", "\\", ";", ";x", ".", "..", "A", "a", "admin")
ESCAPES = ("2f", "2F", "5c", "3b", "3B", "2e", "61", "41", "23x", "3Fx", "0a", "00", "25", "C3%89")
escapes = st.sampled_from(ESCAPES).map("%{}".format)
SAFE = frozenset("%0123456789ABCDEFabcdef")


@st.composite
def paths(draw: st.DrawFn) -> str:
    """Return a path near something that rules name, dressed up in ways that readings take off."""
    pieces = draw(st.lists(st.one_of(words, st.sampled_from(NOISE), escapes), max_size=7))
    path = "/" + draw(st.sampled_from(["", "admin", "a/b", "public/admin"])) + "".join(pieces)
    for at in draw(st.lists(st.integers(0, 30), max_size=3)):
        if 0 < at < len(path) and path[at] not in SAFE:
            escaped = "".join(f"%{byte:02x}" for byte in path[at].encode())
            path = path[:at] + escaped + path[at + 1 :]
    path = path.replace("a", draw(st.sampled_from(["a", "A", "%61"])), 1)
    return path.replace("é", "%C3%A9")


def judge(rules: tuple[Rule, ...], path: str) -> tuple[Rule, ...]:
    """Return the rules that the request must satisfy, as the pipeline finds them."""
    refuse(path, READ_ALL)
    route = Policy(rules, DEFAULT).route(Facts("GET", "shop.example.com", path, "192.0.2.1"))
    chosen = select(route, None)
    assert bypassed(route) == all(rule.effect is Effect.BYPASS for rule in chosen)
    return chosen


def made(patterns: list[tuple[str, Effect]]) -> tuple[Rule, ...]:
    return tuple(
        Rule(f"r{at}", effect, NEED, paths=(glob,)) for at, (glob, effect) in enumerate(patterns)
    )


EVERYTHING = ("/**", Effect.BYPASS)

# --- properties -----------------------------------------------------------------------------------


@pytest.mark.threat(1, 2, 4, 6)
@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(globs, effects), min_size=1, max_size=4), paths(), models)
@example([("/admin", Effect.DENY), EVERYTHING], "/%61dmin;%2fb", (servlet, unescape))
@example([("/admin", Effect.DENY), EVERYTHING], "/admin%3fx", (unescape, second_split))
@example([("/a/b", Effect.DENY), EVERYTHING], "/a/b/;x", (servlet, no_slash_at_end))
@example([("/a/*", Effect.BYPASS), ("/a", Effect.DENY)], "/a/", (no_slash_at_end,))
@example([("/%61dmin", Effect.DENY), EVERYTHING], "/ADMIN%4a", (lower, unescape))
def test_every_model_meets_its_rule(
    patterns: list[tuple[str, Effect]], path: str, model: Model
) -> None:
    """THREATS 1, 2, 4, 6: whatever an application decodes, drops, merges, resolves and folds, in
    whatever order, shows that the rule of what it serves is among those that must be satisfied.
    """
    rules = made(patterns)
    try:
        chosen = judge(rules, path)
    except MalformedRequest:
        return
    inside = served(path, model)
    governing = next((rule for rule in rules if covers(rule.paths[0], inside)), DEFAULT)
    assert governing in chosen
    if governing.effect is not Effect.BYPASS:
        assert any(rule.effect is not Effect.BYPASS for rule in chosen)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(odd_globs, effects), min_size=1, max_size=3), paths(), models)
@example([("/Admin/", Effect.DENY), EVERYTHING], "/admin", (lower, no_slash_at_end))
@example([("/a/%2a", Effect.BYPASS), ("/a/b", Effect.DENY), EVERYTHING], "/a/%62", (unescape,))
def test_patterns_are_read_like_paths(
    patterns: list[tuple[str, Effect]], path: str, model: Model
) -> None:
    """An application reads `/Admin/` and `/admin` as one: shows that the rule meant by either, with
    pattern and path read alike, is among those that must be satisfied.
    """
    rules = made(patterns)
    try:
        chosen = judge(rules, path)
    except (MalformedRequest, ValueError):
        return
    inside = served(path, model)

    def meant(rule: Rule, *, loose: bool) -> bool:
        glob = served(rule.paths[0].replace("*", "\ue000"), model)
        glob = glob.replace("*", "\ue001").replace("\ue000", "*")
        text = inside.replace("*", "\ue001")
        return covers(glob, text) or (loose and covers(glob, text + "/"))

    for loose in (False, any(re.search(r"/\*(/\*\*)*$", rule.paths[0]) for rule in rules)):
        assert next((rule for rule in rules if meant(rule, loose=loose)), DEFAULT) in chosen


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(globs, effects), min_size=1, max_size=4), paths())
def test_no_rule_without_a_model(patterns: list[tuple[str, Effect]], path: str) -> None:
    """Shows that a request need not satisfy any rule that no reading of its path meets."""
    rules = made(patterns)
    try:
        chosen, seen = judge(rules, path), views(path)
    except MalformedRequest:
        return
    met = {
        next((rule for rule in rules if any(covers(rule.paths[0], end) for end in ends)), DEFAULT)
        for view in seen
        for ends in ([view.path], [view.path, view.path + "/"])
    }
    assert met.issuperset(chosen)


@pytest.mark.threat(5)
@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(max_codepoint=0x17F), max_size=30))
def test_fuzzed_paths_end_in_refusal_or_rules(text: str) -> None:
    """THREATS 5: any text at all shows that a path is refused as malformed or judged, and that what
    is judged first is the raw path, unaltered.
    """
    path = "/" + text
    try:
        refuse(path, DEFAULT_TREATMENTS)
    except MalformedRequest:
        return
    assert path.isascii()
    assert not re.search(r"[\x00-\x20\x7f?#\\]", path)
    assert views(path)[0].path == path
    assert judge((), path) == (DEFAULT,)


@pytest.mark.threat(1)
@settings(max_examples=200, deadline=None)
@given(paths(), models)
def test_defaults_leave_no_way_up(path: str, model: Model) -> None:
    """THREATS 1: `/public/../admin` in every disguise shows that no path accepted by default makes
    any application climb out of a folder.
    """
    try:
        refuse(path, DEFAULT_TREATMENTS)
    except MalformedRequest:
        return
    inside = served(path, tuple(step for step in model if step is not clean_dots))
    assert {".", ".."}.isdisjoint(inside.split("/"))
