import pytest

from sidecar.core.pointers import MISSING, at, read_json, same

RFC = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.conforms("RFC-6901-5")
@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", RFC),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_the_examples_of_the_rfc(pointer: str, value: object) -> None:
    """Every example of RFC 6901 §5 shows the value that it names."""
    assert at(RFC, pointer) == value


@pytest.mark.parametrize(
    "pointer",
    ["/bar", "/foo/2", "/foo/-1", "/foo/01", "/foo/-", "/foo/bar", "/foo/0/0", "/a~01b", "//x"],
)
def test_what_is_missing(pointer: str) -> None:
    """Places that hold nothing show MISSING, which is not null."""
    assert at(RFC, pointer) is MISSING


def test_null_is_something() -> None:
    """A null shows that it is found, and that nothing stands below it."""
    assert at({"user": None}, "/user") is None
    assert at({"user": None}, "/user/id") is MISSING


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (None, None, True),
        (1, True, False),
        (0, False, False),
        (0, None, False),
        ("1", 1, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({}, [], False),
        pytest.param(MISSING, None, False, id="missing-null"),
        pytest.param(MISSING, MISSING, True, id="missing-missing"),
    ],
    ids=str,
)
def test_sameness_has_types(left: object, right: object, *, equal: bool) -> None:
    """Values of different JSON types show that they are never the same."""
    assert same(left, right) is equal
    assert same(right, left) is equal


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"{} {}",
        b"\xff",
        b"[NaN]",
        b"[-Infinity]",
        b'{"a": 1, "a": 1}',
        b'[{"x": {"a": 1, "a": 2}}]',
        b"[" * 60_000,
        b'{"a":' * 60_000,
        b"9" * 5_000,
    ],
    ids=lambda text: text[:12].decode("latin-1"),
)
def test_what_has_more_or_less_than_one_meaning(text: bytes) -> None:
    """Text that readers take differently, or cannot take, shows an error and no crash."""
    with pytest.raises(ValueError, match=r"."):
        read_json(text)


def test_plain_json() -> None:
    """A plain document shows its values."""
    assert read_json(b'\xef\xbb\xbf{"a": [1, null]}') == {"a": [1, None]}
