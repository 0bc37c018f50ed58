"""What a request costs: CPU time and requests a second, everybody in turn, round after round."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from tests.bench import nginx
from tests.bench.guard import SUBJECT
from tests.bench.load import Measured, press
from tests.bench.places import YARDSTICK, Conditions, Place, standing
from tests.bench.processes import running

FEW, MANY = 32, 256
WARM_S = 2
Rounds = Sequence[Mapping[str, Measured]]
"""For each round, what everybody's turn came to."""


def measure(given: Conditions) -> dict[str, float]:
    """Return the figures of everybody with 32 and 256 connections, and with varied requests."""
    application = nginx.application(given.folder)
    with running(application), standing(given, application.port) as places:
        pair = [place for place in places if place.name in {YARDSTICK, SUBJECT}]
        few = _turns(given, places, connections=FEW)
        many = _turns(given, places, connections=MANY)
        varied = _turns(given, pair, connections=FEW, varied=True)
    return compare(few, "") | compare(many, f"_{MANY}") | compare(varied, "_varied")


def _turns(
    given: Conditions, places: Sequence[Place], *, connections: int, varied: bool = False
) -> Rounds:
    """Load everybody once a round, so that a slow moment of the machine meets all alike."""

    def turn(place: Place, seconds: int) -> Measured:
        return press(place, given.folder, connections=connections, seconds=seconds, varied=varied)

    for place in places:
        turn(place, WARM_S)
    return [
        {place.name: turn(place, given.seconds) for place in places} for _ in range(given.rounds)
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
