"""The factor in the documents that sends codes holds to what every factor must."""

import re
from functools import partial
from pathlib import Path

import pytest

from sidecar.conformance.case import Case
from sidecar.conformance.devices import Inbox
from sidecar.conformance.suite import CHECKS, Check
from sidecar.core.protocols import Factor
from sidecar.loader import Role, build, resolve
from tests.conformance.lent import lent

DOCUMENT = Path(__file__).parents[2] / "docs" / "plugins.md"


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """The chat of docs/plugins.md, loaded the way the configuration would."""
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = (block for block in blocks if "MessageFactor" in block)
    (tmp_path / "documented_chat.py").write_text(found, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugin = resolve(Role.FACTORS, "documented_chat:PLUGIN")

    def made() -> Factor:
        factor = build(plugin, plugin.options(transport="talk"), lent("chat"))
        assert hasattr(factor, "begin_challenge")
        return factor  # type: ignore[return-value]  # a plugin's kind is known to its file only

    return Case("chat", made, partial(Inbox, "@ada"))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_documented_factor(check: Check, case: Case) -> None:
    """Each check says in its own docstring what it shows that holds."""
    await check(case)
