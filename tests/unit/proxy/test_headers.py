"""Twin of sidecar/proxy/headers.py; tests/attacks/test_headers.py goes further."""

from sidecar.proxy.headers import Fates, is_managed, nominated
from tests.unit.proxy.requests import raw


def test_nomination() -> None:
    """`Connection` shows that it cannot remove what is judged by."""
    headers = raw("Connection: X-Mine, Cookie", "connection: host , X-Other,Via, TE, close")
    assert nominated(headers) == {b"x-mine", b"x-other"}


def test_managed_names() -> None:
    """Names that only look alike show that they stay."""
    for name in ("X_Forwarded.For", "x-sidecar-", "FORWARDED", "X-Auth-Token"):
        assert is_managed(name)
    for name in ("X-Forward", "X-Sidecar", "Authorization", "Forwarded-By", "X-Authority"):
        assert not is_managed(name)


def test_invented_names_do_not_fill_the_memory() -> None:
    """Any number of names shows a bounded memory, and the same fate before and after."""

    class Lengths(Fates):
        def judge(self, lower: bytes) -> int:
            return len(lower)

    fates = Lengths()
    for number in range(5000):
        assert fates[b"X-%d" % number] == len(b"x-%d" % number)
    assert len(fates) <= 512
