"""Methods about what people have, and what happened."""

import json

from sidecar.client.calls import pages
from sidecar.client.desk import Ask, Reply
from sidecar.client.operations import Operations


def attempt(number: int) -> dict[str, object]:
    return {
        "id": number,
        "user_id": "app:alice",
        "factor": "totp",
        "at": "2026-02-03T08:15:00Z",
        "verified": True,
        "settled": True,
        "known": False,
    }


class Book:
    """A desk with three tries on two pages; it removes whatever it is asked to."""

    def __init__(self) -> None:
        self.asked: list[Ask] = []

    async def reply(self, ask: Ask) -> Reply:
        self.asked.append(ask)
        if ask.endpoint.method == "DELETE":
            return Reply(204, {}, b"")
        first = ask.query["cursor"] is None
        told = {
            "attempts": [attempt(3), attempt(2)] if first else [attempt(1)],
            "next": "c1" if first else None,
        }
        return Reply(200, {}, json.dumps(told).encode())


async def test_tries_are_read_page_by_page() -> None:
    """A list over two pages shows every try once, asked for with the same filter."""
    book = Book()
    sidecar = Operations(book)
    found = [
        one.id
        async for page in pages(sidecar.list_attempts, user_id="alice", limit=2)
        for one in page.attempts
    ]
    assert found == [3, 2, 1]
    assert [(ask.query["user_id"], ask.query["limit"]) for ask in book.asked] == [("alice", 2)] * 2


async def test_what_is_removed_answers_nothing() -> None:
    """An answer without a body shows as nothing, and no error."""
    book = Book()
    await Operations(book).remove_authenticator("a-1", "alice")
    assert book.asked[0].target == "/authenticators/a-1?user_id=alice"
