"""Why something that runs is ended before its own end, and in what words that is told."""

from enum import Enum


class Ending(Enum):
    """A reason; its code and text are what the Close frame of a WebSocket says.

    Codes from 4000 on are an application's own (RFC 6455 §7.4.2). One that is known to stand for
    401 lets a page's script tell "prove again" from "connect again".
    """

    SESSION_ENDED = (4401, "session ended")
    """It was revoked, its lifetime is over, or its browser signed in as somebody else."""
    PROOF_TOO_OLD = (4401, "proof too old")
    """What was proven no longer satisfies the rule; only WebSockets are ended by it."""
    GOING_AWAY = (1001, "going away")
    """This process is about to stop."""
    IDLE = (1001, "idle")
    """Nothing was said for too long."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text
