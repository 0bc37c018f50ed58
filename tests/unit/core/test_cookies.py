"""The cookies of ours."""

from http.cookies import SimpleCookie

import pytest

from sidecar.core.cookies import (
    KNOWN,
    LANGUAGE,
    SESSION,
    TRUSTED,
    CookieJar,
    names_of_ours,
    names_our_cookie,
    normal,
)


@pytest.mark.parametrize("plain", [SESSION, KNOWN, TRUSTED, LANGUAGE])
def test_https_cookies_bear_the_host_prefix(plain: str) -> None:
    """THREATS 44: a cookie for https shows the prefix that keeps sub-domains from setting it, and
    with it Secure, the whole path and no domain.
    """
    jar = CookieJar(secure=True)
    parsed = SimpleCookie(jar.put(plain, "v"))[f"__Host-{plain}"]
    assert parsed.value == "v"
    assert parsed["secure"]
    assert parsed["httponly"]
    assert (parsed["samesite"], parsed["path"], parsed["domain"]) == ("Lax", "/", "")
    assert parsed["max-age"] == ""


def test_plain_cookies_are_not_secure() -> None:
    """A cookie for http shows its plain name and no Secure, or browsers would drop it."""
    put = CookieJar(secure=False).put(SESSION, "v", max_age_s=60)
    assert put == "sidecar=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"


@pytest.mark.parametrize("secure", [True, False])
def test_dropping_is_setting_to_nothing(*, secure: bool) -> None:
    """A dropped cookie shows the same name and path, no value and no life."""
    jar = CookieJar(secure=secure)
    parsed = SimpleCookie(jar.drop(KNOWN))[jar.name(KNOWN)]
    assert (parsed.value, parsed["max-age"], parsed["path"]) == ("", "0", "/")


@pytest.mark.parametrize(
    "name",
    ["sidecar", "SIDECAR", "__Host-sidecar", "__host_sidecar", "sidecar_known", "sidecar.lang"],
)
def test_careless_spellings_are_ours_too(name: str) -> None:
    """THREATS 17: shows that a name which some reader takes for one of ours is known as ours."""
    assert normal(name) in names_of_ours()


@pytest.mark.parametrize("name", ["", "session", "sidecars", "__Secure-sidecar", "my-sidecar"])
def test_other_names_are_not_ours(name: str) -> None:
    """Shows that the application's own cookies are left alone."""
    assert normal(name) not in names_of_ours()


def test_set_cookie() -> None:
    """A nameless cookie, which comes back as its value, shows that it can name ours."""
    for value in (b"sidecar=1", b"=sidecar=1", b" = __Host-sidecar=1; Path=/", b"SideCar"):
        assert names_our_cookie(value)
    for value in (b"sidecars=1", b"a=sidecar=1", b"", b"=", b";sidecar=1"):
        assert not names_our_cookie(value)
