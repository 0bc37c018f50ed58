"""Runs the command `sidecar`, also as `python -m sidecar`."""

import sys

from sidecar.cli.main import build


def main() -> None:
    """Run the command that the process was started with."""
    build(sys.argv[1:])()


if __name__ == "__main__":
    main()
