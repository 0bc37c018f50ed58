"""Questions over HTTP while the configuration is read: in time, to the address that is written."""

import json
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from threading import Thread
from typing import Final, TypeVar
from urllib.parse import urlsplit

from sidecar.core.durations import show_duration
from sidecar.settings.references import Missing

MOST_BYTES: Final = 2 * 1024 * 1024
"""A Secret of Kubernetes has 1 MiB at most, which base64 makes a third longer."""
SUCCESSES: Final = range(200, 300)
REDIRECTS: Final = range(300, 400)
PASSING: Final = frozenset({429, *range(500, 600)})
"""Source: RFC 9110 §15."""

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Question:
    """One request; `headers` and `body` may hold what opens everything."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: Mapping[str, object] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks one server, which a sentence calls `who`; `timeout` is for each step of a question."""

    who: str
    timeout: timedelta
    tls: ssl.SSLContext | None = None

    def ask(self, question: Question) -> tuple[int, Mapping[str, object]]:
        """Return the status, and the JSON object that came with it; an empty one beside errors.

        Redirects are never followed: what opens the door here would go to whoever is named there.

        Raises:
            Missing: it cannot be reached, or speaks no HTTP or JSON.
            TimeoutError: it is late.

        """
        status, body = self._answer(question)
        if status in REDIRECTS:
            hint = "write the address that answers itself; redirects are not followed"
            raise Missing(f"{self.who} sends us elsewhere (status {status})", hint)
        if status not in SUCCESSES:
            return status, {}
        try:
            said = json.loads(body) if body else {}
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise Missing(f"{self.who} answered no JSON object: something else listens there")
        return status, said

    def _answer(self, question: Question) -> tuple[int, bytes]:
        if not all(value.isascii() and value.isprintable() for value in question.headers.values()):
            raise Missing(f"what {self.who} is to be shown has characters that no token has")
        try:
            return self._exchange(question)
        except TimeoutError:
            raise
        except ssl.SSLCertVerificationError as error:
            text = f"the certificate of {self.who} is not trusted: {error.verify_message}"
            raise Missing(text, "name the authority that it comes from") from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise Missing(f"{self.who} cannot be reached: {reason}", passing=True) from None
        except HTTPException as error:
            text = f"{self.who} answered no HTTP: {type(error).__name__}"
            raise Missing(text, passing=isinstance(error, IncompleteRead)) from None
        except ValueError:  # UnicodeError is one
            raise Missing(f"{self.who} has an address that there cannot be") from None

    def _exchange(self, question: Question) -> tuple[int, bytes]:
        headers = {"Accept": "application/json", **question.headers}
        body = None
        if question.body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(question.body).encode()
        url = urlsplit(question.url)
        connection = self._connection(url.scheme, url.hostname or "", url.port)
        try:
            connection.request(question.method, url.path, body, headers)
            response = connection.getresponse()
            content = response.read(MOST_BYTES + 1)
            if response.length and len(content) <= MOST_BYTES:
                raise IncompleteRead(content)  # a limited read is not missed by the library
        finally:
            connection.close()
        if len(content) > MOST_BYTES:
            raise Missing(f"{self.who} answered more than {MOST_BYTES} bytes")
        return response.status, content

    def _connection(self, scheme: str, host: str, port: int | None) -> HTTPConnection:
        limit_s = self.timeout.total_seconds()
        if scheme == "https":
            return HTTPSConnection(host, port, timeout=limit_s, context=self.tls)
        return HTTPConnection(host, port, timeout=limit_s)


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """Return what verifies servers, by the authorities of a file or by the machine's.

    Raises:
        Missing: the file cannot be loaded.

    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or type(error).__name__
        raise Missing(f"the authorities in {ca_file} do not load: {reason}") from None


def in_time(work: Callable[[], Done], limit: timedelta) -> Done:
    """Return what the work returns.

    A socket's time limit is for each read of it, so that an answer which comes drop by drop would
    never be late, and looking up a name has none at all. So the work has a thread, which is left
    behind when the time is over: where a key is missing, the process ends.

    Raises:
        Missing: it took too long.

    """
    done: Future[Done] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - is raised again where it is waited for
            done.set_exception(error)

    Thread(target=run, name="key source", daemon=True).start()
    try:
        return done.result(limit.total_seconds())
    except TimeoutError:
        text = f"there was no answer within {show_duration(limit)}"
        raise Missing(text, "`timeout` says how long is waited", passing=True) from None
