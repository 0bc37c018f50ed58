"""What a call can end in instead of an answer."""

from pydantic import ValidationError

from sidecar.api.problems import Fault, Problem
from sidecar.client.desk import Reply

PROBLEM = "application/problem+json"


class ClientError(Exception):
    """A call that brought no answer; the text says why, and holds no secret."""


class Unreachable(ClientError):
    """Nobody answered, or the answer broke off."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent
        """The call may have arrived, and may have been done."""


class NotOurs(ClientError):
    """What came back is no answer of this version of the management API."""


class ProblemError(ClientError):
    """The management API refused the call, or failed at it (RFC 9457)."""

    def __init__(self, problem: Problem, *, retry_after_s: int | None = None) -> None:
        self.problem = problem
        self.retry_after_s = retry_after_s
        super().__init__(_line(self))

    @property
    def status(self) -> int:
        return self.problem.status

    @property
    def slug(self) -> str:
        """The name of the problem, such as `not-found`."""
        return self.problem.type.rpartition("/")[2]

    @property
    def detail(self) -> str:
        return self.problem.detail or ""

    @property
    def errors(self) -> tuple[Fault, ...]:
        """Each fault of what was sent."""
        return self.problem.errors or ()

    @property
    def request_id(self) -> str:
        """Finds the call in the sidecar's log."""
        return self.problem.request_id

    @property
    def reason(self) -> str:
        """Why a response to a prompt was rejected."""
        return self.problem.reason or ""


def problem_of(reply: Reply) -> ProblemError | NotOurs:
    """Return the problem that the reply tells, or that it tells none."""
    if reply.headers.get("Content-Type", "").partition(";")[0] != PROBLEM:
        return NotOurs(f"status {reply.status} without a problem: is this the management API?")
    try:
        problem = Problem.model_validate_json(reply.body, extra="allow")
    except ValidationError:
        return NotOurs(f"status {reply.status} with a problem that cannot be read")
    return ProblemError(problem, retry_after_s=waiting_s(reply))


def waiting_s(reply: Reply) -> int | None:
    """Return after how many seconds the same call may go through; None: nothing is said."""
    said = reply.headers.get("Retry-After", "")
    return int(said) if said.isascii() and said.isdecimal() else None


def _line(error: ProblemError) -> str:
    """Return the problem in one line, with what helps whoever reads it."""
    said = [error.slug, error.detail or error.reason, *map(_fault, error.errors)]
    if error.retry_after_s is not None:
        said.append(f"try again in {error.retry_after_s} s")
    line = ": ".join(filter(None, said[:2])) + "".join(f"; {more}" for more in said[2:])
    return f"{line} (request {error.request_id})" if error.request_id else line


def _fault(fault: Fault) -> str:
    where = fault.parameter or fault.pointer
    return f"{where}: {fault.detail}" if where else fault.detail
