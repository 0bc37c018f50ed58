"""What a request costs: CPU time and requests a second, everybody in turn, round after round."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from tests.bench.load import Measured, Place, press

FEW, MANY = 32, 256
YARDSTICK, SUBJECT = "nginx", "proxy"
WARM_S = 2
Rounds = Sequence[Mapping[str, Measured]]
"""For each round, what everybody's turn came to."""


def measure(
    places: Sequence[Place], folder: Path, *, rounds: int, seconds: int
) -> dict[str, float]:
    """Return the figures of everybody, by 32 and by 256 connections, and with varied requests."""
    found: dict[str, float] = {}
    for connections, suffix in ((FEW, ""), (MANY, f"_{MANY}")):
        taken = _turns(places, folder, rounds, seconds, connections=connections, varied=False)
        found |= compare(taken, suffix)
    pair = [place for place in places if place.name in {YARDSTICK, SUBJECT}]
    taken = _turns(pair, folder, rounds, seconds, connections=FEW, varied=True)
    return found | compare(taken, "_varied")


def _turns(
    places: Sequence[Place],
    folder: Path,
    rounds: int,
    seconds: int,
    *,
    connections: int,
    varied: bool,
) -> Rounds:
    """Load everybody once a round, so that a slow moment of the machine meets all alike."""
    for place in places:
        press(place, folder, connections=connections, seconds=WARM_S, varied=varied)
    return [
        {
            place.name: press(
                place, folder, connections=connections, seconds=seconds, varied=varied
            )
            for place in places
        }
        for _ in range(rounds)
    ]


def compare(rounds: Rounds, suffix: str) -> dict[str, float]:
    """Return each one's cost, and its ratio to nginx in the same round: median, least and most."""
    return dict(_figures(rounds, suffix))


def _figures(rounds: Rounds, suffix: str) -> Iterator[tuple[str, float]]:
    for name in rounds[0]:
        own = [taken[name] for taken in rounds]
        yield f"{name}.cpu_us{suffix}", median(one.cpu_us for one in own)
        yield f"{name}.rps{suffix}", median(one.rate for one in own)
        if name == YARDSTICK:
            continue
        cpu = [taken[name].cpu_us / taken[YARDSTICK].cpu_us for taken in rounds]
        rate = [taken[name].rate / taken[YARDSTICK].rate for taken in rounds]
        for word, ratios in (("cpu_ratio", cpu), ("rps_ratio", rate)):
            yield f"{name}.{word}{suffix}", median(ratios)
            yield f"{name}.{word}{suffix}.min", min(ratios)
            yield f"{name}.{word}{suffix}.max", max(ratios)
