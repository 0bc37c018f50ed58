"""Twin of sidecar/proxy/post.py."""

from sidecar.proxy.post import Post
from tests.conformance.http.harness import Stage, staged


class Sender:
    def __init__(self, name: str, out: list[str]) -> None:
        self.posted = b""
        self.turns: list[Post] = []
        self._name = name
        self._out = out

    def flush(self) -> None:
        if self.posted:
            self._out.append(f"{self._name}: {self.posted.decode()}")
        self.posted = b""

    def soon(self, post: Post) -> None:
        self.turns.append(post)


def test_all_of_a_turn_go_out_together() -> None:
    """Shows one delivery for all that was posted in a turn, in order, each sender's whole."""
    out: list[str] = []
    post, one, two = Post(), Sender("one", out), Sender("two", out)
    post.take(one, b"a")
    post.take(two, b"b")
    post.take(one, b"c")
    assert (out, one.turns, two.turns) == ([], [post], [])
    post.deliver()
    assert out == ["one: ac", "two: b"]
    post.take(two, b"d")
    assert two.turns == [post]


def test_what_was_sent_already_is_not_sent_again() -> None:
    """Shows that a sender that had to write in between has nothing left for the delivery."""
    out: list[str] = []
    post, one = Post(), Sender("one", out)
    post.take(one, b"a")
    one.flush()
    post.deliver()
    assert out == ["one: a"]


async def in_one_go(stage: Stage, *targets: bytes) -> list[bytes]:
    visitor = await stage.visitor()
    visitor.send(b"".join(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target for target in targets))
    return [(await visitor.answer()).body for _ in targets]


async def test_answers_of_every_kind_keep_their_order() -> None:
    """Shows that posted answers, replies and pages of one connection never overtake each other."""
    async with staged() as stage:
        said = await in_one_go(stage, b"/x", b"/page", b"/x", b"/own", b"/x", b"/x", b"/page")
        hello = b"hello ada"
        assert said == [b"ok", hello, b"ok", b"own", b"ok", b"ok", hello]
