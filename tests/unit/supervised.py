"""A supervisor of tiny workers, as a process of its own: `python -m tests.unit.supervised`.

It gets a folder and, for each start of a worker, a word for what the worker does: `wait`, `deaf`
or a status to end with. Each worker leaves a line in the folder's file `starts`.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from sidecar.logs import configure
from sidecar.settings.schema import LoggingPart
from sidecar.workers import Care, supervise

HOPELESS = 78
CARE = Care(hopeless=HOPELESS, patience_s=1, pause_s=0.1, longest_pause_s=0.3)


def work(number: int, starts: Path, words: list[str]) -> int:
    """Do what this start of any worker was told to; the last word is for all later ones."""
    if "deaf" in words:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with starts.open("a") as file:
        file.write(json.dumps([number, os.getpid(), time.monotonic()]) + "\n")
        file.flush()
        word = words[min(len(starts.read_text().splitlines()), len(words)) - 1]
    if word.isdigit():
        return int(word)
    signal.pause()
    return 3


if __name__ == "__main__":
    count, folder, *told = sys.argv[1:]
    configure(LoggingPart())
    sys.exit(work(supervise(int(count), CARE), Path(folder) / "starts", told))
