"""The forms of single values."""

from collections.abc import Callable
from datetime import date
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.settings.words import (
    Address,
    Origin,
    counted,
    listed,
    parse_address,
    parse_date,
    parse_glob,
    parse_host,
    parse_network,
    parse_origin,
    parse_page_origin,
    parse_regex,
    parse_size,
    parse_upstream,
    show_size,
)


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parse_size, "64KiB", 65536),
        (parse_size, "8190B", 8190),
        (parse_origin, "https://shop.example.com", Origin("https", "shop.example.com")),
        (parse_origin, "https://a.example:443", Origin("https", "a.example")),
        (parse_origin, "http://localhost:8080", Origin("http", "localhost", 8080)),
        (parse_origin, "http://[::1]:80", Origin("http", "[::1]")),
        (parse_page_origin, "https://a.example:443", "https://a.example"),
        (parse_page_origin, "capacitor://localhost", "capacitor://localhost"),
        (parse_page_origin, "chrome-extension://abc:1", "chrome-extension://abc:1"),
        (parse_page_origin, "null", "null"),
        (parse_address, "0.0.0.0:8080", Address("0.0.0.0", 8080)),
        (parse_address, "[::]:0", Address("::", 0)),
        (parse_address, "unix:/run/x.sock", Address(path="/run/x.sock")),
        (parse_network, "10.1.2.0/28", ip_network("10.1.2.0/28")),
        (parse_network, "2001:db8::1", ip_network("2001:db8::1/128")),
        (parse_upstream, "http://127.0.0.1:3000/", "http://127.0.0.1:3000"),
        (parse_upstream, "https://[::1]:8443", "https://[::1]:8443"),
        (parse_upstream, "http://App_1.svc.", "http://App_1.svc."),
        (parse_upstream, "unix:/run/app.sock", "unix:/run/app.sock"),
        (parse_upstream, "unix:/" + "x" * 106, "unix:/" + "x" * 106),
        (parse_glob, "/pay/**", "/pay/**"),
        (parse_regex, "/order/[0-9]+", "/order/[0-9]+"),
        (parse_date, "2027-01-31", date(2027, 1, 31)),
        (parse_host, "xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_right_forms_are_read(parse: Callable[[object], object], text: str, value: object) -> None:
    """Values in their written form show what they are read as."""
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "values"),
    [
        (parse_size, ["64", "64kb", "1KB", "64 KiB", 64, ["1B"]]),
        (
            parse_origin,
            [
                "shop.example.com",
                "https://a/",
                "https://a?x",
                "https://u@a",
                "https://A.example",
                "https://bücher.example",
                "ftp://a",
                "https://a:0",
                "https://a:70000",
                "https://[zz]",
                "https://a b",
                "https://-a",
                7,
            ],
        ),
        (
            parse_page_origin,
            ["a.example", "https://a/", "https://A.example", "*", "https://*", "app:x", "Null", ""],
        ),
        (
            parse_address,
            ["8080", ":8080", "example.com:80", "0.0.0.0", "1.2.3:80", "[::]", "::1:80"],
        ),
        (parse_address, ["0.0.0.0:99999", "999.0.0.1:80", "unix:relative", 8080]),
        (parse_network, ["10.1.2.3/28", "10.0.0.0/33", "private", "", 10]),
        (
            parse_upstream,
            [
                "127.0.0.1:3000",
                "http://a/base",
                "http://u:p@a",
                "http://a?x",
                "http://a:0",
                "http://a:65536",
                "http://a:b",
                "http://a..b",
                "http://::1",
                "http://[::1",
                "http://[fe80::x]",
                "unix:x",
                "unix:/" + "x" * 107,
            ],
        ),
        (parse_glob, ["pay", "", "/a b", "/a?x=1", "/a#b", "/***", "/ä", "/a\n", ["/a"]]),
        (parse_regex, ["(", "[", "*", 5]),
        (parse_date, ["2027-02-30", "tomorrow", "31.1.2027", 20270131]),
        (parse_host, ["Shop.example.com", "a_b..c", "shop.example.com:80", "a" * 64, "*.example"]),
        (counted, [True, False]),
    ],
)
def test_wrong_forms_are_refused(parse: Callable[[object], object], values: list[object]) -> None:
    """Values in another form show that none of them is guessed at."""
    for value in values:
        with pytest.raises(ValueError, match=r"\S"):
            parse(value)


@given(st.integers(0, 10**9 - 1))
def test_sizes_are_shown_as_they_are_written(count: int) -> None:
    """Any size shows that what is printed reads back as the same one."""
    assert parse_size(show_size(count)) == count


def test_shortest_forms_are_shown() -> None:
    """Round values show that they are printed in their largest unit."""
    assert [show_size(value) for value in (0, 1000, 65536, 1048576)] == [
        "0MiB",
        "1000B",
        "64KiB",
        "1MiB",
    ]


def test_values_show_themselves_as_written() -> None:
    """Origins and addresses show that their text is what the file says."""
    for text in ("https://shop.example.com", "http://localhost:8080"):
        assert str(parse_origin(text)) == text
    for text in ("0.0.0.0:8080", "[::1]:80", "unix:/run/x.sock"):
        assert str(parse_address(text)) == text


def test_one_text_may_stand_for_a_list() -> None:
    """A lone text shows that it counts as a list of one, and nothing else changes."""
    assert (listed("x"), listed(["x"]), listed(5), listed(None)) == (["x"], ["x"], 5, None)


def test_localhost_is_local() -> None:
    """Hosts show that only localhost and its subdomains need no encryption."""
    local = [parse_origin(f"http://{host}").local for host in ("localhost", "a.localhost")]
    assert local == [True, True]
    other = [parse_origin(f"http://{host}").local for host in ("127.0.0.1", "localhost.example")]
    assert other == [False, False]
