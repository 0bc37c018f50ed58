"""What is installed is whole: sdist, wheel, a clean environment, another folder."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BUILD_S = 120
RUN_S = 30

CONFIGURATION = """
public: [https://shop.example.com]
upstreams: {shop: http://127.0.0.1:3000}
login: {page: /login, paths: [/login]}
identity:
  app: {plugin: upstream_session, upstream: shop, url: /whoami, subject: /user/id}
enrollment: {first: invited}
factors: {totp: {issuer: Example}, backup_codes: {}}
keys: [{id: k1, from: {env: ENCRYPTION_KEY}}]
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(BUILD_S + RUN_S)]


def run(*command: str, cwd: Path, seconds: float = RUN_S, **variables: str) -> str:
    """What the command printed; it must succeed, and knows nothing of this checkout."""
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", **variables}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        timeout=seconds,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from the sdist, as an index would serve it."""
    out = tmp_path_factory.mktemp("dist")
    build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT))
    run(*build, cwd=out, seconds=BUILD_S)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`sidecar` in an environment of its own; libraries are borrowed, nothing is fetched."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", str(home), cwd=home.parent)
    python = home / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", str(wheel), cwd=home.parent)
    own = next((home / "lib").glob("python*/site-packages"))
    (own / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return home / "bin" / "sidecar"


@pytest.fixture(scope="module")
def key(command: Path) -> str:
    return run(str(command), "keys", "generate", "--bare", cwd=command.parent).strip()


def test_the_wheel_holds_everything(wheel: Path) -> None:
    """The list of the wheel's files shows that plugins, templates and catalogs are inside."""
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    for folder in ("plugins", "templates"):
        wanted = {
            f"sidecar/{path.relative_to(ROOT).as_posix()}"
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert wanted - names == set()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"sidecar"}


def test_the_wheel_brings_no_tests(wheel: Path) -> None:
    """The list of the wheel's files shows that nothing of the checkout's own is inside."""
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    assert [name for name in names if {"tests", "docs"} & set(name.split("/"))] == []


def test_it_checks_from_another_folder(command: Path, key: str, tmp_path: Path) -> None:
    """`sidecar check` in a folder of its own shows that the installed wheel is enough."""
    (tmp_path / "sidecar.yaml").write_text(CONFIGURATION, encoding="utf-8")
    run(str(command), "check", cwd=tmp_path, ENCRYPTION_KEY=key)


def test_a_plugins_folder_in_the_way_is_not_looked_at(
    command: Path, key: str, tmp_path: Path
) -> None:
    """A hostile `plugins/` in the working directory shows that it is never imported."""
    hostile = tmp_path / "plugins" / "factors"
    hostile.mkdir(parents=True)
    for path in (tmp_path / "plugins" / "__init__.py", hostile / "totp.py"):
        path.write_text("raise SystemExit('imported')\n", encoding="utf-8")
    (tmp_path / "sidecar.yaml").write_text(CONFIGURATION, encoding="utf-8")
    run(str(command), "check", cwd=tmp_path, ENCRYPTION_KEY=key, PYTHONPATH=str(tmp_path))
