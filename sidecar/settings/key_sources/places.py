"""Root keys that lie on this machine: in a variable, in a file, or with a program."""

import subprocess
from collections.abc import Mapping
from typing import Final

from sidecar.settings.references import Missing

COMMAND_S: Final = 10


def variable(name: str, env: Mapping[str, str]) -> str:
    """Return the value of an environment variable.

    Raises:
        Missing: it is not set, or empty.

    """
    if not env.get(name):
        raise Missing(f"environment variable {name} is not set")
    return env[name]


def output(command: tuple[str, ...], env: Mapping[str, str]) -> str:
    """Return what a program prints.

    Raises:
        Missing: it cannot be run, fails or is late.

    """
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command, run without a shell
            command, env=dict(env), capture_output=True, timeout=COMMAND_S, check=True, text=True
        )
    except subprocess.TimeoutExpired as error:
        raise Missing(f"command {command[0]} took longer than {COMMAND_S} s") from error
    except subprocess.CalledProcessError as error:
        raise Missing(f"command {command[0]} failed with status {error.returncode}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Missing(f"command {command[0]} cannot be run: {type(error).__name__}") from error
    return done.stdout
