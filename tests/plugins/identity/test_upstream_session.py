from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from plugins.identity.upstream_session import LIMIT_BYTES, UpstreamSession
from sidecar.core.errors import MalformedRequest
from tests.conformance.lent import lent
from tests.plugins.identity.asking import options, request, source, telling

# --- how it asks ----------------------------------------------------------------------------


async def test_asked_is_forwarded() -> None:
    """A request with every kind of credential shows that the question has the same bytes."""
    application = telling()
    declared = {"headers": ["Authorization", "X-Api-Key"], "query": ["api_key", "token"]}
    carried = (
        (b"COOKIE", b' a="1; 2" ;sid=x;; \xff=\xfe'),
        (b"authorization", b"Basic  YTpi"),
        (b"cookie", b"b=2"),
        (b"X_API_KEY", b"k\xe9y"),
    )
    view = request(*carried, query="q=1&api%5Fkey=%41+b&x&token=")
    assert await source(application, credentials=declared).identify(view) is not None
    [(upstream, target, headers, timeout_s, limit_bytes)] = application.asked
    assert (upstream, target) == ("shop", b"/whoami?api%5Fkey=%41+b&token=")
    assert headers == (
        (b"Host", b"shop.example.com"),
        (b"Accept", b"application/json"),
        (b"Accept-Encoding", b"identity"),
        (b"X-Forwarded-Proto", b"https"),
        (b"X-Forwarded-Host", b"shop.example.com"),
        (b"Cookie", b' a="1; 2" ;sid=x;; \xff=\xfe'),
        (b"Cookie", b"b=2"),
        (b"authorization", b"Basic  YTpi"),
        (b"X_API_KEY", b"k\xe9y"),
    )
    assert (timeout_s, limit_bytes) == (2.0, 64 * 1024) == (2.0, LIMIT_BYTES)


async def test_a_query_is_added_to_the_query() -> None:
    """A configured URL with a query shows that declared parameters follow it."""
    application = telling()
    asker = source(application, url="/me?full=1", credentials={"query": ["k"]})
    await asker.identify(request(query="k=v"))
    assert application.asked[0][1] == b"/me?full=1&k=v"


async def test_undeclared_carriers_are_not_asked_with() -> None:
    """A bearer token nobody declared shows that it neither asks nor counts as a credential."""
    application = telling()
    view = request((b"Authorization", b"Bearer x"), query="api_key=y")
    assert source(application).credential(view) is None
    assert await source(application).identify(view) is None
    assert application.asked == []


@pytest.mark.parametrize("empty", [b"", b"  "])
async def test_an_empty_cookie_header_is_no_credential(empty: bytes) -> None:
    """A Cookie header from which ours were taken shows that nobody is asked about."""
    assert source(telling()).credential(request((b"Cookie", empty))) is None


async def test_ignored_cookies_are_left_out() -> None:
    """Harmless cookies show that they change neither the question nor the key."""
    application = telling()
    asker = source(application, ignore_cookies=["_ga*", "theme"])
    noisy = request((b"Cookie", b"_ga_X=1; sid=1; THEME=dark; other=2; _ga=3"))
    plain = request((b"Cookie", b"sid=1; other=2"))
    assert asker.credential(noisy) == asker.credential(plain)
    await asker.identify(noisy)
    assert application.asked[0][2][-1] == (b"Cookie", b"sid=1; other=2")
    assert asker.credential(request((b"Cookie", b"theme=dark"))) is None


@pytest.mark.parametrize(
    "cookies",
    [b'_ga="; sid=victim; "; sid=mine', b"_ga=1, sid=victim; sid=mine", b"_ga=\\; sid=1"],
)
async def test_an_ignored_cookie_hides_no_other(cookies: bytes) -> None:
    """Cookies that parsers cut differently show that the header is asked whole."""
    application = telling()
    await source(application, ignore_cookies=["_ga*"]).identify(request((b"Cookie", cookies)))
    assert application.asked[0][2][-1] == (b"Cookie", cookies)


# --- the key of the cache -------------------------------------------------------------------


def test_the_key_follows_every_byte_that_is_asked_with() -> None:
    """Any change of credential, host or upstream shows another key, and none by moved borders."""
    asker = source(telling(), credentials={"headers": ["X-A", "X-B"], "query": ["k"]})
    views = [
        request((b"Cookie", b"sid=1")),
        request((b"Cookie", b"sid=1 ")),
        request((b"Cookie", b"sid=1; a=2")),
        request((b"Cookie", b"a=2; sid=1")),
        request((b"Cookie", b"sid=1"), (b"Cookie", b"a=2")),
        request((b"X-A", b"1"), (b"X-B", b"2")),
        request((b"X-A", b"12"), (b"X-B", b"")),
        request((b"X-A", b"1x-b2")),
        request((b"X_A", b"1"), (b"X-B", b"2")),
        request(query="k=1"),
        request(query="K=1"),
        request(query="k=1&k2=2"),
        replace(request((b"Cookie", b"sid=1")), host="other.example.com"),
    ]
    made = [asker.credential(view) for view in views]
    assert None not in made
    same = asker.credential(request(query="k=1"))
    assert made[11] == same
    assert len(set(made)) == len(views) - 1
    elsewhere = UpstreamSession(options(upstream="blog"), lent())
    assert elsewhere.credential(views[0]) != source(telling()).credential(views[0])


def test_spelling_and_order_of_names_make_no_second_key() -> None:
    """The same credentials in another order show one key, so that none escapes a forgetting."""
    asker = source(telling(), credentials={"headers": ["X-A", "X-B"]})
    one = request((b"X-A", b"1"), (b"Cookie", b"sid=1"), (b"X-B", b"2"))
    two = request((b"x-b", b"2"), (b"cookie", b"sid=1"), (b"X-a", b"1"))
    assert asker.credential(one) == asker.credential(replace(two, host="SHOP.example.com"))


def test_reprs_hold_no_credential() -> None:
    """What is carried shows that it is in no repr."""
    asker = source(telling(), credentials={"query": ["k"]})
    carried = asker._carried(request((b"Cookie", b"sid=hidden"), query="k=hidden"))
    assert "hidden" not in repr(carried)


# --- the options --------------------------------------------------------------------------------


def test_durations() -> None:
    """Times as people write them show that they are read with their unit."""
    read = options(keep="1m", timeout="1500ms")
    assert (read.keep, read.timeout) == (timedelta(minutes=1), timedelta(seconds=1.5))
    assert source(telling(), keep="10s").traits.keep == timedelta(seconds=10)
    options(credentials={"cookies": ["sid"]}, ignore_cookies=["_ga*"])
    assert (options().keep, options().timeout) == (timedelta(seconds=30), timedelta(seconds=2))


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "whoami"},
        {"url": "//evil.example"},
        {"url": "http://evil.example/"},
        {"url": "/a b"},
        {"url": "/a#b"},
        {"url": "/ü"},
        {"subject": "user.id"},
        {"subject": "/a~2"},
        {"keep": "10m"},
        {"keep": 30},
        {"keep": "30"},
        {"timeout": "3s"},
        {"timeout": "0s"},
        {"anonymous": {"pointer": "/user"}},
        {"anonymous": {"equals": None}},
        {"credentials": {"headers": ["Cookie"]}},
        {"credentials": {"headers": ["Host"]}},
        {"credentials": {"headers": ["X-Forwarded-Proto"]}},
        {"credentials": {"headers": ["a b"]}},
        {"credentials": {"query": [""]}},
        {"credentials": {"body": ["x"]}},
        {"credentials": {"cookies": ["SID"]}, "ignore_cookies": ["s*"]},
        {"ignore_cookies": ["*"]},
        {"ignore_cookies": ["**"]},
        {"normalize": ["nfc"]},
        {"surprise": 1},
    ],
    ids=str,
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    """Options that could not work, or would weaken, show that they never start."""
    with pytest.raises(ValidationError):
        options(**wrong)


@pytest.mark.parametrize("query", ["k=a b", "k=\u00e9", "k=a#b", "k=a;b", "a;k=1"])
async def test_an_ambiguous_query_is_refused(query: str) -> None:
    """Parameters that readers cut or decode differently show that the request is malformed."""
    asker = source(telling(), credentials={"query": ["k"]})
    with pytest.raises(MalformedRequest):
        asker.credential(request(query=query))


def test_undeclared_parameters_may_look_like_anything() -> None:
    """The rest of a query shows that it is nobody's business here."""
    asker = source(telling(), credentials={"query": ["k"]})
    assert asker.credential(request(query="a=1;2&a=3&\u00e9=%zz&k=1")) is not None
