"""Readings of a path, and the classes that are refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import paths
from sidecar.core.errors import MalformedRequest
from sidecar.core.paths import (
    DEFAULT_TREATMENTS,
    READINGS,
    PathClass,
    Reading,
    Treatment,
    classes_of,
    cut_tail,
    decode,
    drop_parameters,
    drop_trailing_slash,
    fold_case,
    is_plain,
    merge_slashes,
    put_through,
    refuse,
    resolve_dots,
    slash_backslashes,
    views,
)


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        (decode, "/a%2Fb%2e%C3%A9", "/a/b.é"),
        (decode, "/%252f", "/%2f"),
        (decode, "/%ff%c3", "/\udcff\udcc3"),
        (decode, "/%zz%4", "/%zz%4"),
        (decode, "/\udcc3%a9", "/é"),
        (slash_backslashes, "/a\\b", "/a/b"),
        (cut_tail, "/a?b#c", "/a"),
        (cut_tail, "/a#b", "/a"),
        (cut_tail, "/a\x00.css", "/a"),
        (cut_tail, "/a\nb\nc", "/a"),
        (cut_tail, "/a\x7f", "/a"),
        (drop_parameters, "/a;x=1;y/b;/c", "/a/b/c"),
        (merge_slashes, "//a///b/", "/a/b/"),
        (resolve_dots, "/a/./b/../c", "/a/c"),
        (resolve_dots, "/../../a", "/a"),
        (resolve_dots, "/a/b/..", "/a/"),
        (resolve_dots, "/a/.", "/a/"),
        (resolve_dots, "/a//../b", "/a/b"),
        (resolve_dots, "/.a/..b/...", "/.a/..b/..."),
        (resolve_dots, "/..", "/"),
        (drop_trailing_slash, "/a/", "/a"),
        (drop_trailing_slash, "/a//", "/a"),
        (drop_trailing_slash, "//", "/"),
        (drop_trailing_slash, "/", "/"),
        (fold_case, "/Ä/ẞ/K", "/ä/ss/k"),
    ],
)
def test_each_step_reads_one_way(step: Reading, before: str, after: str) -> None:
    """Shows what each reading step makes of a path."""
    assert step(before) == after


@given(st.text("ab/%2fFe;?#\\.AÉ\x00", max_size=20).map("/{}".format))
def test_steps_settle(path: str) -> None:
    """Any path shows that no step but decoding does more when it is done twice."""
    for step in READINGS:
        once = step(path)
        assert step is decode or step(once) == once
        assert once.startswith("/")


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12))
def test_plain_paths_have_one_reading(text: str) -> None:
    """Any printable path shows that it is plain exactly when no step changes it."""
    path = "/" + text
    unchanged = all(step(path) == path for step in READINGS)
    assert is_plain(path) == (unchanged and "%" not in path)
    if is_plain(path):
        assert [view.path for view in views(path)] == [path]
        refuse(path, dict.fromkeys(PathClass, Treatment.REFUSE))


@pytest.mark.parametrize("path", ["", "a", "*", "/A", "/a/", "//", "/%41", "/a b", "/a\n", "/.."])
def test_odd_paths_are_not_plain(path: str) -> None:
    """Shows that whatever some application may read differently is not plain."""
    assert not is_plain(path)


def test_views_name_the_shortest_way() -> None:
    """A path with two disguises shows the raw path first and each reading with its steps."""
    found = {view.path: view.steps for view in views("/A%2F")}
    assert next(iter(found)) == "/A%2F"
    assert found == {
        "/A%2F": (),
        "/A/": (decode,),
        "/a%2f": (fold_case,),
        "/A": (decode, drop_trailing_slash),
        "/a/": (decode, fold_case),
        "/a": (decode, drop_trailing_slash, fold_case),
    }


@given(st.text("aA/%2fb;.", max_size=14).map("/{}".format))
def test_views_are_what_their_steps_make(path: str) -> None:
    """Any path shows that each reading is the raw path put through the steps it names, that the
    readings are distinct, and that no step leads out of them.
    """
    try:
        found = views(path)
    except MalformedRequest:
        return
    seen = {view.path for view in found}
    assert len(seen) == len(found)
    for view in found:
        assert put_through(path, view.steps) == view.path
        assert seen.issuperset(step(view.path) for step in READINGS)


def test_readings_are_bounded() -> None:
    """A long path with many readings shows that judging stops at a bound, with a refusal."""
    with pytest.raises(MalformedRequest):
        views("/" + ";A//%2f" * 1100)
    assert len(views("/" + "%C3%89;" * 1100)) * 8000 < paths.MOST_WORK


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/b", set()),
        ("/a%20b/%C3%A9", set()),
        ("/a/...", set()),
        ("/a\\b", {PathClass.BACKSLASH}),
        ("/a%5Cb", {PathClass.BACKSLASH}),
        ("/a%255cb", {PathClass.BACKSLASH, PathClass.DOUBLE_ENCODING}),
        ("/a/..", {PathClass.DOT_SEGMENT}),
        ("/%2e/a", {PathClass.DOT_SEGMENT}),
        ("/a/..;x/b", {PathClass.DOT_SEGMENT, PathClass.SEMICOLON}),
        ("/a/..%3fb", {PathClass.DOT_SEGMENT}),
        ("/a/..%23", {PathClass.DOT_SEGMENT}),
        ("/a/.%00", {PathClass.DOT_SEGMENT, PathClass.ENCODED_CONTROL}),
        ("/a/..%2fb", {PathClass.DOT_SEGMENT, PathClass.ENCODED_SLASH}),
        ("/a/..%5cb", {PathClass.DOT_SEGMENT, PathClass.BACKSLASH}),
        ("/%252e%252e/a", {PathClass.DOT_SEGMENT, PathClass.DOUBLE_ENCODING}),
        ("/a%0ab", {PathClass.ENCODED_CONTROL}),
        ("/a%7F", {PathClass.ENCODED_CONTROL}),
        ("/a%2500", {PathClass.ENCODED_CONTROL, PathClass.DOUBLE_ENCODING}),
        ("/%2541", {PathClass.DOUBLE_ENCODING}),
        ("/100%25", set()),
        ("/a%2Fb", {PathClass.ENCODED_SLASH}),
        ("/a%252fb", {PathClass.ENCODED_SLASH, PathClass.DOUBLE_ENCODING}),
        ("/a//b", {PathClass.DOUBLE_SLASH}),
        ("/a/%2f", {PathClass.DOUBLE_SLASH, PathClass.ENCODED_SLASH}),
        ("/a/;x/b", {PathClass.DOUBLE_SLASH, PathClass.SEMICOLON}),
        ("/a;b", {PathClass.SEMICOLON}),
        ("/a%3Bb", {PathClass.SEMICOLON}),
    ],
)
def test_classes_are_seen_through_disguise(path: str, expected: set[PathClass]) -> None:
    """Shows that a path belongs to each class that some reading of it shows."""
    assert classes_of(path) == expected


@given(
    st.text("ab/%25cCeEfF03;.\\", max_size=20).map("/{}".format),
    st.sets(st.sampled_from(PathClass)),
)
def test_each_class_is_refused_where_settings_say_so(path: str, refused: set[PathClass]) -> None:
    """Any path and settings show that it is refused if and only if a class of it is, or no setting
    could make it readable.
    """
    treatments = {
        kind: Treatment.REFUSE if kind in refused else Treatment.READ for kind in PathClass
    }
    hopeless = bool(re.search(r"%(?![0-9A-Fa-f]{2})", path)) or "%" in decode(decode(path))
    try:
        refuse(path, treatments)
    except MalformedRequest:
        overlong = re.search(r"%(25)*([cC][01]|[eE]0|[fF]0)", path) is not None
        assert hopeless or overlong or not refused.isdisjoint(classes_of(path))
    else:
        assert refused.isdisjoint(classes_of(path))


@pytest.mark.parametrize(
    "path", ["/%252525", "/%25252f", "/%c0%ae", "/%E0%80%AE", "/%f0%80%80%ae", "/%25c0%25ae"]
)
def test_no_setting_makes_the_worst_readable(path: str) -> None:
    """Overlong UTF-8 and escapes of escapes of escapes show a refusal under every setting."""
    with pytest.raises(MalformedRequest):
        refuse(path, dict.fromkeys(PathClass, Treatment.READ))


def test_every_class_has_a_default() -> None:
    """Shows that the four classes nobody needs are refused unless a setting says otherwise."""
    assert set(DEFAULT_TREATMENTS) == set(PathClass)
    assert {kind for kind, what in DEFAULT_TREATMENTS.items() if what is Treatment.REFUSE} == {
        PathClass.BACKSLASH,
        PathClass.DOT_SEGMENT,
        PathClass.ENCODED_CONTROL,
        PathClass.DOUBLE_ENCODING,
    }
