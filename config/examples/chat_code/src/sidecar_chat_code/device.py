"""A person with the chat open, for the conformance suite; nothing imports it while serving."""

from datetime import timedelta
from itertools import count

from sidecar.conformance.case import Seen
from sidecar.core.model import Response

_NUMBERS = count(1)


class Chat:
    """Somebody with a name of their own in the chat."""

    pace = timedelta(0)

    def __init__(self) -> None:
        self._name = f"@person{next(_NUMBERS)}"
        self._codes: list[str] = []

    def enroll(self, seen: Seen) -> Response:
        """Give the name where it is asked for, then the code that came."""
        return {"address": self._name} if seen.prompt.kind == "chat_name" else self.answer(seen)

    def answer(self, seen: Seen) -> Response:
        mine = (message for message in seen.messages if message.to == self._name)
        code = next((message.values["code"] for message in mine), "")
        self._codes.append(code)
        return {"code": code}

    def wrong(self, seen: Seen) -> Response | None:
        if seen.prompt.kind == "chat_name":
            return {"address": "nobody at all"}
        right = {message.values["code"] for message in seen.messages}
        return {"code": next(code for code in ("000000", "000001") if code not in right)}

    def secrets(self) -> tuple[str, ...]:
        return (self._name, *filter(None, self._codes))
