"""Twin of sidecar/proxy/headers.py; tests/attacks/test_headers.py goes further."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.cookies import names_of_ours, normal
from sidecar.proxy.headers import (
    HOP_BY_HOP,
    end_to_end,
    forwardable,
    is_managed,
    nominated,
    split_cookies,
)
from tests.unit.proxy.requests import raw

names = st.from_regex(r"\A[!#-'*+.0-9A-Z^_`a-z|~-]{1,20}\Z")


@given(st.lists(names, max_size=6), st.lists(names, max_size=4))
def test_order_and_spelling(sent: list[str], tokens: list[str]) -> None:
    """Whatever is sent shows in order and byte for byte, or is gone."""
    headers = raw(
        *(f"{name}: {at}" for at, name in enumerate(sent)), f"Connection: {','.join(tokens)}"
    )
    left = end_to_end(headers)
    assert list(left) == [field for field in headers if field in left]
    for name, _ in left:
        assert name.decode().lower() not in HOP_BY_HOP
        assert not {b"_", b"."} & {name[at : at + 1] for at in range(len(name))}


def test_nomination() -> None:
    """`Connection` shows that it cannot remove what is judged by or what we set."""
    headers = raw("Connection: X-Mine, Cookie", "connection: host , X-Forwarded-For,Via, TE")
    assert nominated(headers) == {"x-mine", "te"}


def test_forwardable() -> None:
    """Managed names show as gone unless a source declared them; owned ones always do."""
    headers = raw("X-Auth-Token: 1", "X-SSO: 2", "A: 3", "Remote-User: 4")
    assert forwardable(headers, (), {"x-sso"}) == raw("A: 3")
    assert forwardable(headers, {"x-auth-token"}, ()) == raw("X-Auth-Token: 1", "X-SSO: 2", "A: 3")


def test_managed_names() -> None:
    """Names that only look alike show that they stay."""
    for name in ("X_Forwarded.For", "x-sidecar-", "FORWARDED", "X-Auth-Token"):
        assert is_managed(name)
    for name in ("X-Forward", "X-Sidecar", "Authorization", "Forwarded-By", "X-Authority"):
        assert not is_managed(name)


@given(st.lists(st.text('ab_-.= \t"sidecr', max_size=24), max_size=4))
def test_cookies_are_cut_at_semicolons_only(pieces: list[str]) -> None:
    """Any Cookie header shows the pieces that are not ours, byte for byte."""
    headers = raw(f"Cookie: {';'.join(pieces)}")
    left, ours = split_cookies(headers)
    kept = [
        one
        for one in headers[0][1].split(b";")
        if normal(one.strip(b" \t").partition(b"=")[0].decode().strip()) not in names_of_ours()
    ]
    got = left[0][1] if left else b""
    assert got.strip(b" \t") == b";".join(kept).strip(b" \t")
    assert all(normal(name) in names_of_ours() for name in ours)


def test_untouched_cookies() -> None:
    """Cookies without ours show as the very same headers."""
    headers = raw("Cookie: a=1;; b = 2 ;", "X: sidecar")
    assert split_cookies(headers) == (headers, {})
