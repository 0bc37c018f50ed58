import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.carried import (
    Reading,
    cookie_key,
    covers,
    header_key,
    query_key,
)
from sidecar.core.errors import MalformedRequest
from sidecar.core.protocols import Carriers, RawHeaders


def declaring(queries: set[str]) -> Reading:
    return Reading.of(Carriers(queries=frozenset(queries)))


ALL = Carriers(headers=frozenset({"x-api-key"}), cookies=frozenset({"sid"}), any_cookie=True)


@pytest.mark.parametrize(
    "piece",
    [
        "api_key=1",
        "API_KEY",
        "api%5Fkey=",
        "api.key=1",
        "+api+key=1",
        "api_key[]=1",
        "api_key[a][b]",
    ],
)
def test_lenient_names_of_parameters(piece: str) -> None:
    """Spellings that some application reads as one name show that they are one."""
    assert query_key(piece) == "api_key"


def test_lenient_names_of_headers_and_cookies() -> None:
    """Case, underscores and blanks show that they make no other name."""
    assert header_key(b"X_API-Key") == b"x-api-key"
    assert cookie_key(b" SID =1") == b"sid"
    assert covers("_GA*", "_ga_1")
    assert not covers("_ga", "_ga_1")


def test_headers_and_cookies_as_they_came() -> None:
    """Declared fields show that their bytes and order stay, and that all others are left."""
    headers: RawHeaders = (
        (b"Accept", b"*/*"),
        (b"X_API_KEY", b" k "),
        (b"cookie", b"a=1;;b"),
        (b"Cookie", b""),
    )
    assert Reading.of(ALL).fields(headers) == ((b"Cookie", b"a=1;;b"), (b"X_API_KEY", b" k "))
    assert Reading.of(Carriers()).fields(headers) == ()


@pytest.mark.parametrize(
    "headers",
    [
        ((b"X-Api-Key", b"1"), (b"X-Api-Key", b"1")),
        ((b"X-Api-Key", b"1"), (b"x_api_key", b"2")),
        ((b"Cookie", b"sid=1; a=2; SID=1"),),
        ((b"Cookie", b"sid=1"), (b"Cookie", b"sid=1")),
        ((b"Cookie", b"sid; sid=1"),),
    ],
)
def test_a_declared_credential_occurs_once(headers: RawHeaders) -> None:
    """Doubled credentials, equal or not, show that the request is malformed."""
    with pytest.raises(MalformedRequest):
        Reading.of(ALL).fields(headers)


def test_undeclared_ones_may_occur_twice() -> None:
    """Doubled cookies that nobody declared show that they are asked with as they are."""
    headers: RawHeaders = ((b"Cookie", b"a=1; a=2"),)
    assert Reading.of(ALL).fields(headers) == headers


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"sid=1", b"_ga=2", b"theme=x", b" _ga_X=", b"", b"b"])))
def test_ignored_cookies_are_gone_and_nothing_else(pieces: list[bytes]) -> None:
    """Any Cookie header shows that exactly the ignored pieces are left out."""
    once = [one for at, one in enumerate(pieces) if one != b"sid=1" or b"sid=1" not in pieces[:at]]
    sent = Reading.of(ALL, ("_ga*", "theme")).fields(((b"Cookie", b";".join(once)),))
    kept = b";".join(one for one in once if cookie_key(one)[:3] not in {b"_ga", b"the"}).strip()
    assert sent == (((b"Cookie", kept),) if kept else ())


@pytest.mark.parametrize("odd", [b'_ga="1; sid=2"', b"_ga=1, sid=2", b"_ga=1\\; sid=2"])
def test_nothing_is_cut_out_of_what_parsers_cut_differently(odd: bytes) -> None:
    """Quotes, commas and backslashes show that the header is asked whole."""
    assert Reading.of(ALL, ("_ga",)).fields(((b"Cookie", odd),)) == ((b"Cookie", odd),)


def test_parameters_as_they_came() -> None:
    """Declared parameters show that their bytes and order stay, and that all others are left."""
    query = "a=1&tok%65n=%41&b;c&api.key=x+y&&token2=3"
    assert declaring({"api_key", "token"}).parameters(query) == ("tok%65n=%41", "api.key=x+y")
    assert declaring({"token"}).parameters("") == ()
    assert declaring(set()).parameters("token=1") == ()


@pytest.mark.parametrize(
    "query",
    ["token=1&token=1", "token=1&TOKEN[]=2", "token=1;x", "x;token=1", "token=é", "token=1#"],
)
def test_a_parameter_is_read_in_one_way(query: str) -> None:
    """Doubled, semicolon-cut and raw-byte parameters show that the request is malformed."""
    with pytest.raises(MalformedRequest):
        declaring({"token"}).parameters(query)
