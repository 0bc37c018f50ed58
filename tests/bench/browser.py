"""What a browser sends: the head of a request with ten fields and some cookies."""

from collections.abc import Mapping

ORIGIN = "https://app.test"
APP_COOKIE = ("app", "3f9a1c52b7d04e86")
"""The cookie of the application's own login; the upstream takes everybody for ada."""
COOKIES = {
    APP_COOKIE[0]: APP_COOKIE[1],
    "theme": "dark",
    "_ga": "GA1.2.1093746582.1790000000",
}
PAGE = "/account/orders"
FIELDS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.7,de;q=0.3",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Referer": f"{ORIGIN}{PAGE}",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
}


def head(
    cookies: Mapping[str, str],
    target: str = PAGE,
    *,
    method: str = "GET",
    fields: Mapping[str, str] | None = None,
) -> str:
    """Return the head of a request; `fields` replace those above or come after them."""
    sent = {
        "Host": ORIGIN.removeprefix("https://"),
        **FIELDS,
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        **(fields or {}),
    }
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    return "\r\n".join((*lines, "", ""))
