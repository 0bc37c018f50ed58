"""Files that only their owner may read."""

import os
from pathlib import Path
from typing import TextIO


def private_file(path: Path, *, new: bool = False) -> TextIO:
    """Return the file, opened to be written from its beginning, which nobody else can read.

    Raises:
        OSError: it cannot be written, or is there already although it is to be `new`.

    """
    mode = os.O_EXCL if new else os.O_TRUNC
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | mode, 0o600)
    os.fchmod(handle, 0o600)
    return os.fdopen(handle, "w", encoding="utf-8")


def write_private(path: Path, text: str) -> None:
    """A new file has the text.

    Raises:
        OSError: it cannot be written, or there is one already.

    """
    with private_file(path, new=True) as file:
        file.write(text)
