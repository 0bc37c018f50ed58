"""Every metric there is, by name, meaning and labels; the labels' values are known at start."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

NANOSECONDS: Final = 1_000_000_000
"""In a second; durations are summed as whole ones, which lasts for five centuries."""


class Kind(Enum):
    """How a metric's cells are read."""

    COUNTER = "counter"
    """Only grows; what dead workers counted stays."""
    GAUGE = "gauge"
    """What is the case now, in the workers that live."""
    HISTOGRAM = "histogram"
    """One cell for each bucket, then one for the sum."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric; what its name calls seconds is nanoseconds in its cells."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    kind: Kind = Kind.COUNTER
    bounds: tuple[float, ...] = ()
    """Upper bounds of a histogram's buckets, in seconds; the last bucket has none."""
    join: Callable[[Iterable[int]], int] = sum
    """How the workers' numbers become one."""
    sparse: bool = False
    """Most combinations of labels never occur: those that did not are not told."""

    @property
    def width(self) -> int:
        """How many cells each series has."""
        return len(self.bounds) + 2 if self.kind is Kind.HISTOGRAM else 1

    @property
    def unit(self) -> int:
        """What a cell is divided by when it is told."""
        return NANOSECONDS if self.name.endswith("_seconds") else 1


def _gauge(
    name: str,
    meaning: str,
    labels: tuple[str, ...] = (),
    *,
    join: Callable[[Iterable[int]], int] = sum,
    sparse: bool = False,
) -> Family:
    return Family(name, meaning, labels, Kind.GAUGE, join=join, sparse=sparse)


def _times(
    name: str, meaning: str, labels: tuple[str, ...] = (), *, bounds: tuple[float, ...]
) -> Family:
    return Family(name, meaning, labels, Kind.HISTOGRAM, bounds)


_WAITS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_OURS: Final = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0)

# --- requests -------------------------------------------------------------------------------------

REQUESTS = Family(
    "sidecar_requests_total",
    "Requests by rule, by what was decided and by class of the status that was answered"
    " (`none`: the client was gone). Combinations that never occurred are left out.",
    ("rule", "decision", "status"),
    sparse=True,
)
REFUSALS = Family(
    "sidecar_refusals_total",
    "Problems told to people and programs by slug, and as `http-…` what was refused before"
    " anything could be judged.",
    ("reason",),
)
ADDED = _times(
    "sidecar_added_seconds",
    "What the sidecar itself added to a request: from its head to handing it on, and from the"
    " application's head to writing it.",
    bounds=_OURS,
)
REQUESTS_RUNNING = _gauge("sidecar_requests_running", "Requests that are being answered.")
CONNECTIONS = _gauge("sidecar_connections", "Clients' connections.")
TUNNELS = _gauge("sidecar_tunnels", "WebSockets that are open.")
TUNNELS_OPENED = Family("sidecar_tunnels_opened_total", "WebSockets that were opened.")

# --- applications ---------------------------------------------------------------------------------

UPSTREAM_TIMES = _times(
    "sidecar_upstream_seconds",
    "From a request's being sent to the head of the application's answer.",
    ("upstream",),
    bounds=_WAITS,
)
UPSTREAM_FAILURES = Family(
    "sidecar_upstream_failures_total",
    "Requests that an application failed to answer.",
    ("upstream", "failure"),
)
UPSTREAM_CONNECTIONS = _gauge(
    "sidecar_upstream_connections", "Connections to an application.", ("upstream", "state")
)
UPSTREAM_WAITING = _gauge(
    "sidecar_upstream_waiting", "Requests that wait for a connection.", ("upstream",)
)
UPSTREAM_DOWN = _gauge(
    "sidecar_upstream_addresses_down",
    "Addresses of an application that do not answer, as the worker sees it that sees most.",
    ("upstream",),
    join=max,
)

# --- people ---------------------------------------------------------------------------------------

QUESTIONS = Family(
    "sidecar_identity_questions_total",
    "How identity sources were asked who a request is from.",
    ("source", "answer"),
)
SESSIONS = Family(
    "sidecar_session_lookups_total", "Where the session behind a cookie was found.", ("found",)
)
FEED_AGE = _gauge(
    "sidecar_revocations_age_seconds",
    "Since the revocations were last read, in the worker where that is longest; from 3 s on"
    " nothing is answered from memory.",
    join=max,
)
CLOCK_OFFSET = _gauge(
    "sidecar_clock_offset_seconds",
    "By how much this clock and the database's differ, either way; from 1 s on the process is not"
    " ready.",
    join=max,
)

# --- messages -------------------------------------------------------------------------------------

MESSAGES = Family(
    "sidecar_messages_total",
    "Messages by transport, by channel and by whether a provider took them.",
    ("transport", "channel", "outcome"),
    sparse=True,
)
MESSAGE_FAILURES = Family(
    "sidecar_message_failures_total",
    "Messages that no provider took for sure, by why.",
    ("transport", "why"),
    sparse=True,
)
RECEIPTS = Family(
    "sidecar_message_receipts_total",
    "What providers told afterwards of messages that they took.",
    ("transport", "heard"),
    sparse=True,
)
CODES_SENT = _gauge(
    "sidecar_codes_sent",
    "Codes that went out between 15 and 2 minutes ago.",
    ("channel", "region"),
    join=max,
    sparse=True,
)
CODES_USED = _gauge(
    "sidecar_codes_used",
    "Those of them that were typed.",
    ("channel", "region"),
    join=max,
    sparse=True,
)
CODES_UNUSED = _gauge(
    "sidecar_codes_unused",
    "1 while fewer of at least 10 were typed than `messages.least_verified` asks for.",
    ("channel", "region"),
    join=max,
    sparse=True,
)

# --- what it depends on ---------------------------------------------------------------------------

STORE_TIMES = _times(
    "sidecar_store_seconds", "What a transaction of the store took.", ("work",), bounds=_WAITS
)
STORE_FAILURES = Family(
    "sidecar_store_failures_total",
    "Transactions that failed because the store did, by why.",
    ("work", "fault"),
)
STORE_DOWN = _gauge(
    "sidecar_store_down",
    "1 while a worker takes the database to be down: it is asked by one transaction at a time.",
    join=max,
)
SWEPT = Family(
    "sidecar_swept_rows_total",
    "Rows that were over and that this process removed; one process of all does so at a time.",
    ("table",),
)
SWEEP_AGE = _gauge(
    "sidecar_sweep_age_seconds",
    "Since any process last swept the store, as far as this one knows.",
    join=max,
)
LIMITER_FAILURES = Family(
    "sidecar_limiter_failures_total", "Volumes that could not be counted; the work was refused."
)

PLUGIN_CALLS = Family(
    "sidecar_plugin_calls_total",
    "Calls of factor plugins by how they went; every one but `answered` is a fault of the plugin.",
    ("factor", "call"),
)

# --- itself ---------------------------------------------------------------------------------------

WORKERS = _gauge("sidecar_workers", "Workers that there should be.", join=max)
WORKERS_UP = _gauge("sidecar_workers_up", "Workers that said within 10 s that they work.")
BUILD = _gauge("sidecar_build_info", "1, with the version.", ("version",), join=max)

FAMILIES: Final = (
    *(REQUESTS, REFUSALS, ADDED, REQUESTS_RUNNING, CONNECTIONS, TUNNELS, TUNNELS_OPENED),
    *(UPSTREAM_TIMES, UPSTREAM_FAILURES, UPSTREAM_CONNECTIONS, UPSTREAM_WAITING, UPSTREAM_DOWN),
    *(QUESTIONS, SESSIONS, FEED_AGE, CLOCK_OFFSET, STORE_TIMES, STORE_FAILURES),
    *(STORE_DOWN, SWEPT, SWEEP_AGE, LIMITER_FAILURES),
    PLUGIN_CALLS,
    *(MESSAGES, MESSAGE_FAILURES, RECEIPTS, CODES_SENT, CODES_USED, CODES_UNUSED),
    *(WORKERS, WORKERS_UP, BUILD),
)
