"""`sidecar users import` and `export`."""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from typer.testing import Result

from sidecar.cli import porting
from sidecar.client.operations import Operations
from sidecar.client.problems import Unreachable
from sidecar.core.model import Authenticator, Person
from sidecar.core.seeds import Seed, base32, uri
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.setup import migrate_up
from sidecar.storage.sql import open_store
from sidecar.wiring import key_ring
from tests.clock import ManualClock
from tests.unit.cli.conftest import Run
from tests.unit.flows.moving import SEED
from tests.unit.flows.scene import quick_folder
from tests.world import KEY, REALM, settings_for

OTHER_KEY = b64encode(b64decode(KEY)[::-1]).decode()


@dataclass
class House:
    """An installation, and the command line in front of it."""

    loaded: Loaded
    folder: Path
    users: Callable[..., Result]

    def held(self, subject: str) -> tuple[Authenticator, ...]:
        async def look() -> tuple[Authenticator, ...]:
            database = self.loaded.settings.storage.database
            store = await open_store(database, key_ring(self.loaded), ManualClock())
            try:
                async with store.read() as tx:
                    return await tx.authenticators.of(Person(REALM, subject))
            finally:
                await store.close()

        return asyncio.run(look())

    def file(self, *lines: str) -> str:
        path = self.folder / "users.txt"
        path.write_text("\n".join(lines) + "\n")
        return str(path)


def house_in(folder: Path, run: Run, key: str = KEY) -> House:
    file = folder / "sidecar.yaml"
    file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:9", folder, 0, {})))
    loaded = load_settings(file, {"TEST_KEY": key}, ManualClock()())
    database = loaded.settings.storage.database
    asyncio.run(migrate_up(database, key_ring(loaded), ManualClock(), create=True))
    return House(
        loaded,
        folder,
        lambda *words: run("users", *words, "--config", str(file), TEST_KEY=key),
    )


@pytest.fixture
def house(run: Run) -> Iterator[House]:
    with quick_folder() as folder:
        yield house_in(folder, run)


def line(user: str, seed: Seed = SEED) -> str:
    return uri(seed, "Old", user)


def test_people_move_in(house: House) -> None:
    """A file shows its people taken in, and unchanged when it is run again."""
    file = house.file(line("ada"), line("grace"))
    done = house.users("import", file, "--format", "otpauth")
    assert (done.exit_code, done.stdout) == (0, "2 rows: 2 added, 0 unchanged, 0 refused\n")
    assert len(house.held("ada")) == 1
    again = house.users("import", file, "--format", "otpauth", "--json")
    assert json.loads(again.stdout) == {"added": 0, "unchanged": 2, "refused": 0}


def test_bad_rows_are_told_by_line(house: House) -> None:
    """Rows that cannot be taken show their line and a reason, on the screen and in a file, and
    the exit status; the others are taken in. No secret is in any of it.
    """
    hotp = line("bob").replace("totp", "hotp")
    file = house.file(line("ada"), "", hotp, line("ada", Seed(b"ten bytes!")), line("grace"))
    rejects = house.folder / "rejects.jsonl"
    done = house.users("import", file, "--format", "otpauth", "--rejects", str(rejects))
    assert (done.exit_code, done.stdout) == (1, "4 rows: 2 added, 0 unchanged, 2 refused\n")
    assert "line 3: its codes are counted (hotp)" in done.stderr
    assert "line 4: ada: totp makes no such codes" in done.stderr
    kept = [json.loads(one) for one in rejects.read_text().splitlines()]
    assert [(one["line"], one.get("user_id")) for one in kept] == [(3, None), (4, "ada")]
    assert rejects.stat().st_mode & 0o777 == 0o600
    assert base32(SEED.secret) not in done.output + rejects.read_text()
    assert len(house.held("grace")) == 1


def test_many_bad_rows_do_not_fill_the_screen(house: House) -> None:
    """A file of somebody else shows some of its lines, and where all of them can be had."""
    done = house.users("import", house.file(*["x"] * 300), "--format", "otpauth")
    assert done.exit_code == 1
    assert done.stderr.count("\n") == porting.MOST_LINES + 1
    assert "--rejects FILE keeps them all" in done.stderr


def test_a_dry_run_changes_nothing(house: House) -> None:
    """A dry run shows what would be, and nobody afterwards."""
    done = house.users("import", house.file(line("ada")), "--format", "otpauth", "--dry-run")
    assert done.stdout == "1 rows: 1 added, 0 unchanged, 0 refused, if it were no dry run\n"
    assert house.held("ada") == ()


def test_everybody_may_be_of_one_realm(house: House) -> None:
    """A realm that is said shows to hold for all, and one that is not there is told."""
    file = house.file(line("ada"))
    done = house.users("import", file, "--format", "otpauth", "--realm", "staff")
    assert "no such realm" in done.stderr
    assert house.users("import", file, "--format", "otpauth", "--realm", REALM).exit_code == 0


def test_people_move_from_one_installation_to_another(house: House, run: Run) -> None:
    """What one installation gives out shows everybody with the same seeds in another, which has
    other keys; the file itself shows no seed, and opens for the recipient only.
    """
    house.users("import", house.file(line("ada"), line("grace")), "--format", "otpauth")
    private = house.folder / "private.jwk"
    public = house.folder / "public.jwk"
    public.write_text(run("keys", "recipient", str(private)).stdout)
    given = house.users("export", "--recipient", str(public))
    assert given.exit_code == 0
    assert "2 authenticators, sealed; 0 do not travel" in given.stderr
    assert base32(SEED.secret) not in given.output
    sealed = house.folder / "export.jsonl"
    sealed.write_text(given.stdout)
    with quick_folder() as folder:
        other = house_in(folder, run, OTHER_KEY)
        words = ("import", str(sealed), "--format", "sealed", "--private-key")
        done = other.users(*words, str(private))
        assert done.stdout == "2 rows: 2 added, 0 unchanged, 0 refused\n"
        (ada,), (before,) = other.held("ada"), house.held("ada")
        assert (ada.material, ada.name, ada.created_at) == (
            before.material,
            before.name,
            before.created_at.replace(microsecond=0),
        )
        assert other.users(*words, str(private)).stdout.startswith("2 rows: 0 added, 2 unchanged")
        wrong = folder / "wrong.jwk"
        run("keys", "recipient", str(wrong))
        refused = other.users(*words, str(wrong))
        assert refused.exit_code == 1
        assert "line 1: the file is sealed to another key" in refused.stderr


def test_a_file_that_was_changed_is_told_by_line(house: House, run: Run) -> None:
    """A cut file, exchanged rows and a changed line show where that is; what is whole is taken."""
    house.users("import", house.file(line("ada"), line("grace")), "--format", "otpauth")
    private, public = house.folder / "private.jwk", house.folder / "public.jwk"
    public.write_text(run("keys", "recipient", str(private)).stdout)
    out = house.folder / "export.jsonl"
    assert house.users("export", "--recipient", str(public), "--out", str(out)).stdout == ""
    first, ada, grace, last = out.read_text().splitlines()
    swapped = json.dumps({**json.loads(ada), "user_id": f"{REALM}:grace"})
    for lines, said in (
        ((first, ada), "line 2: the file was cut off"),
        ((first, swapped, grace, last), "line 2: it was sealed for another user"),
        ((first, ada[:-20], grace, last), "line 2: "),
    ):
        file = house.file(*lines)
        words = ("--format", "sealed", "--private-key", str(private))
        done = house.users("import", file, *words)
        assert done.exit_code == 1
        assert said in done.stderr
        assert "unchanged" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere", "--format", "otpauth"), "nowhere"),
        (("{file}", "--format", "csv"), "csv"),
        (("{file}", "--format", "sealed", "--private-key", "{file}"), "no JSON Web Key"),
        (("{file}", "--format", "pskc", "--shared-key", "{file}"), "no hex"),
        (("{file}", "--format", "pskc", "--passphrase-file", "nowhere"), "cannot be read"),
        (("{file}", "--format", "otpauth", "--rejects", "/nowhere/x"), "No such file"),
    ],
)
def test_what_cannot_be_used_is_told(house: House, words: tuple[str, ...], said: str) -> None:
    """Files and forms that cannot be used show which, and nothing is begun."""
    file = house.file("x")
    done = house.users("import", *(word.format(file=file) for word in words))
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize("text", ["{}", "x", '{"kty": "EC", "crv": "P-256", "x": "a", "d": "b"}'])
def test_only_public_keys_are_recipients(house: House, text: str) -> None:
    """What is no public key shows to be none, and nothing leaves."""
    path = house.folder / "key.jwk"
    path.write_text(text)
    done = house.users("export", "--recipient", str(path))
    assert (done.exit_code, done.stdout) == (2, "")


def test_whoever_is_stopped_is_told_how_to_go_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is interrupted, or loses the sidecar, shows how far it came and what to do."""

    async def interrupted(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    async def lost(*_: object, **__: object) -> None:
        raise Unreachable("https://x.test: no answer in time")

    for broken, status, said in ((interrupted, 130, "interrupted"), (lost, 1, "stopped")):
        monkeypatch.setattr(Operations, "import_users", broken)
        done = house.users("import", house.file(line("ada")), "--format", "otpauth")
        assert done.exit_code == status
        assert f"{said} after 0 rows" in done.stderr
        assert "the same command goes on" in done.stderr
