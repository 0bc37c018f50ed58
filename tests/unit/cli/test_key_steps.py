"""Each step of a rotation is told by what the sidecars have, and no step is skipped."""

from dataclasses import replace

import pytest

from sidecar.cli.key_steps import another_id, next_step, written
from sidecar.core.replicas import Replica
from sidecar.rotating import KeyState, Survey
from sidecar.settings.resting import KeyPart
from sidecar.storage.known_keys import KnownKey
from tests.conformance.stores import NOW

OLD = KnownKey("k1", NOW, NOW, None, None, None)
FRESH = KnownKey("k2", NOW, None, None, None, None)


def part(which: str, *, active: bool = True, **source: object) -> KeyPart:
    state = "active" if active else "decrypt"
    where = source or {"env": f"KEY_{which}"}
    return KeyPart.model_validate({"id": which, "from": where, "state": state})


def key(known: KnownKey | None, which: str, *, active: bool = False) -> KeyState:
    return KeyState(
        which, listed=True, active=active, known=known, needs=(), made=(), kept=frozenset()
    )


def survey(*keys: KeyState, sealing: str, pods: tuple[str, ...] = ()) -> Survey:
    processes = (
        Replica(f"{n}", f"pod-{n}", "1", tuple(text.split(","))) for n, text in enumerate(pods)
    )
    return Survey(keys, sealing, tuple(processes))


BEFORE = (key(OLD, "k1", active=True), key(FRESH, "k2"))
AFTER = (key(OLD, "k1"), key(replace(FRESH, active_at=NOW), "k2", active=True))
TURNED = (key(OLD, "k1"), key(None, "k2", active=True))


@pytest.mark.parametrize(
    ("found", "step", "says"),
    [
        (survey(BEFORE[0], sealing="k1"), "none", "made with k1"),
        (
            survey(*BEFORE, sealing="k1", pods=("k1,k2", "k1")),
            "everywhere",
            "k2 is not known to pod-1",
        ),
        (survey(*BEFORE, sealing="k1", pods=("k1,k2", "k1,k2")), "activate", "make it the active"),
        (survey(*AFTER, sealing="k1", pods=("k1,k2", "k1")), "back", "pod-1 could not read"),
        (survey(*TURNED, sealing="k1"), "back", "the other sidecars could not read"),
        (survey(*AFTER, sealing="k1", pods=("k1,k2", "k1,k2")), "restart", "still make everything"),
        (survey(*AFTER, sealing="k2", pods=("k2,k1", "k1,k2")), "restart", "pod-1 still makes"),
        (survey(*AFTER, sealing="k2", pods=("k2,k1", "k2,k1")), "drop", "nothing needs k1"),
    ],
)
def test_what_comes_next(found: Survey, step: str, says: str) -> None:
    """What the store and the replicas say shows the one step that is safe, and why."""
    told = next_step(found, [part("k1"), part("k2", active=False)], replicas=2)
    assert told.name == step
    assert says in told.says


def test_one_sidecar_alone_may_turn_at_once() -> None:
    """Where there is one sidecar nobody shows up who could not read what it makes."""
    parts = [part("k1", active=False), part("k2")]
    assert next_step(survey(*TURNED, sealing="k1"), parts, replicas=1).name == "restart"


def test_lines_say_where_keys_come_from() -> None:
    """The lines show the source of each key as far as it fits, and nothing that is secret."""
    kms = part("k3", active=False, aws_kms={"ciphertext": "AQIDAHh4"})
    parts = [part("k1"), part("k2", file="/run/k2"), kms, part("k4", command=["get", "--it"])]
    assert written(parts, active="k2", without=["k4"], new=("k5", "FIVE")) == (
        "keys:",
        "  - {id: k1, from: {env: KEY_k1}, state: decrypt}",
        "  - {id: k2, from: {file: /run/k2}}",
        "  - {id: k3, from: {aws_kms: …}, state: decrypt}",
        "  - {id: k5, from: {env: FIVE}, state: decrypt}",
    )


@pytest.mark.parametrize(
    ("ids", "another"),
    [(["k1"], "k2"), (["k1", "k9"], "k10"), (["main"], "k2"), (["2026"], "k2027")],
)
def test_ids_go_on(ids: list[str], another: str) -> None:
    """The next id shows a number that no key had."""
    assert another_id(ids) == another
