"""Globs as regular expressions."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.globs import WILD, mark, marked_to_regex
from sidecar.core.policy import glob_to_regex


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


def matches(glob: str, path: str) -> bool:
    return re.fullmatch(glob_to_regex(glob), path, re.DOTALL) is not None


@pytest.mark.parametrize(
    ("glob", "hits", "misses"),
    [
        ("/healthz", ["/healthz"], ["/healthz/", "/healthzz", "/x/healthz", "/Healthz", "/"]),
        ("/pay/**", ["/pay", "/pay/", "/pay/x/y"], ["/payments", "/pa", "/x/pay", "pay"]),
        ("/**", ["/", "/x", "/x/y/", "//"], ["x"]),
        ("//**/**", ["/", "//", "//x"], ["/x"]),
        ("/*", ["/", "/x"], ["/x/", "/x/y"]),
        ("/a/*/c", ["/a/b/c", "/a//c"], ["/a/c", "/a/b/b/c"]),
        ("/a/*.css", ["/a/x.css", "/a/.css"], ["/a/x.js", "/a/b/x.css", "/a/xcss"]),
        ("/**/admin", ["/admin", "/x/admin", "/x/y/admin"], ["/xadmin", "/admin/", "/x/admin/y"]),
        ("/a/**/b/**/c", ["/a/b/c", "/a/x/b/y/z/c", "/a/b/b/c/c"], ["/a/c", "/a/xb/c", "/ab/c"]),
        ("/a**z", ["/az", "/a/y/z"], ["/a", "/b/z"]),
        ("/a*b*c/**", ["/abc", "/axbxbxc/d", "/abcbc"], ["/ac", "/a/b/c", "/abcd"]),
        ("/a.b", ["/a.b"], ["/axb"]),
        ("/(a|b)+", ["/(a|b)+"], ["/a"]),
    ],
)
def test_globs_match_what_they_say(glob: str, hits: list[str], misses: list[str]) -> None:
    """Shows that `*` stays in a segment, `**` crosses, a tree has its root, and dots are dots."""
    assert {path for path in [*hits, *misses] if matches(glob, path)} == set(hits)


@settings(max_examples=600, deadline=None)
@given(
    st.text("ab/*", max_size=9).map("/{}".format),
    st.text("ab/", max_size=10).map("/{}".format),
)
def test_globs_match_like_the_plain_definition(glob: str, path: str) -> None:
    """Shows that the fast expression matches exactly what the slow definition does."""
    glob = re.sub(r"\*{3,}", "**", glob)
    assert matches(glob, path) == covers(glob, path)


@pytest.mark.parametrize(
    "glob", ["/**/a/**/b/**/c/**/d", "/*a*a*a*a*a*b", "/**/*a*a*a*b/**/x", "/**a**a**a**b"]
)
@pytest.mark.parametrize("unit", ["a/", "a", "a/b/c/", "aab/"])
def test_globs_take_linear_time(glob: str, unit: str) -> None:
    """Many wildcards on 8 KiB show that nobody's path makes the matcher backtrack for long."""
    before = time.process_time()
    re.fullmatch(glob_to_regex(glob), ("/" + unit * 8192)[:8192])
    assert time.process_time() - before < 0.5


def test_a_literal_star_is_no_wildcard() -> None:
    """A star that appears only after marking (a decoded `%2a`) shows that it matches itself."""
    assert mark("/a/*") == f"/a/{WILD}"
    assert re.fullmatch(marked_to_regex("/a/*"), "/a/*")
    assert not re.fullmatch(marked_to_regex("/a/*"), "/a/b")
