"""Every head that HTTP allows, as hypothesis draws it."""

from hypothesis import strategies as st

from sidecar.proxy.headers import HOP_BY_HOP

TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
VISIBLE = bytes((*range(0x21, 0x7F), *range(0x80, 0x100)))
ONCE = (b"host", b"content-length", b"content-type", b"expect", b"te", b"server", b"etag")
"""Names that say something about the message itself, or that may occur only once."""

Field = tuple[bytes, bytes]


def drawn(alphabet: bytes, *, least: int, most: int) -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from(alphabet), min_size=least, max_size=most).map(bytes)


targets = drawn(bytes(set(range(0x21, 0x7F)) - {ord("#")}), least=0, most=60).map(
    lambda tail: b"/" + tail
)
methods = st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"REPORT"])
names = st.one_of(
    drawn(TOKEN, least=1, most=20),
    st.sampled_from([b"Cookie", b"cookie", b"COOKIE", b"X-A", b"x-a", b"X_A", b"Accept", b"Via"]),
    st.sampled_from([b"X-Forwarded-For", b"x-forwarded-for", b"Set-Cookie", b"set-cookie"]),
).filter(lambda name: name.lower() not in HOP_BY_HOP and name.lower() not in ONCE)
values = st.one_of(
    drawn(VISIBLE + b" \t", least=0, most=40).map(lambda value: value.strip(b" \t")),
    st.sampled_from([b"", b"a=1; b=\xff", b"ad\xffmin", b'"a, b"', "ünïcode".encode()]),
)
fields: st.SearchStrategy[list[Field]] = st.lists(st.tuples(names, values), max_size=12)
reasons = drawn(VISIBLE + b" \t", least=0, most=20).map(lambda reason: reason.strip(b" \t"))
statuses = st.integers(200, 599).filter(lambda status: status not in (204, 304))
bodies = st.binary(max_size=2000)


def lines(some: list[Field]) -> bytes:
    return b"".join(b"%b: %b\r\n" % field for field in some)
