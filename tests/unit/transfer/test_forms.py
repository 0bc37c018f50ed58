"""The one door to all forms."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.factors.totp import Totp
from sidecar.conformance.seeds import code
from sidecar.core.model import Enrolled
from sidecar.core.seeds import Portable, Seed
from sidecar.transfer.forms import Form, Keys, rows
from sidecar.transfer.keys import make_recipient, recipient
from sidecar.transfer.rows import BadRow, Row
from sidecar.transfer.sealed import first_line, last_line, seal
from tests.plugins.factors.apps import context, totp
from tests.unit.transfer.documents import PASSPHRASE, PRE_SHARED, container, figure_6, figure_7, key
from tests.unit.transfer.files import BASE32, SECRET, SEED
from tests.unit.transfer.test_google import account, written

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PUBLIC, PRIVATE = make_recipient()
KEYS = Keys(private=PRIVATE, shared=PRE_SHARED, passphrase=PASSPHRASE)
ADA = Portable("ada", "", "", SEED)
SEALED = "\n".join([first_line(recipient(PUBLIC)), seal(ADA, recipient(PUBLIC)), last_line(1)])

FILES = {
    Form.OTPAUTH: f"ada,otpauth://totp/x?secret={BASE32}",
    Form.GOOGLE: written(account()),
    Form.PSKC: container(key(form='<ResponseFormat Length="6"/>', more="<UserId>ada</UserId>")),
    Form.LINES: f'{{"user_id": "ada", "secret": "{BASE32}"}}',
    Form.SEALED: SEALED,
}


def read(form: Form, text: str | bytes, keys: Keys = KEYS) -> list[Row | BadRow]:
    data = text.encode() if isinstance(text, str) else text
    return list(rows(form, BytesIO(data), now=NOW, keys=keys))


@pytest.mark.parametrize("form", Form)
def test_every_form_opens(form: Form) -> None:
    """The same authenticator in each form shows as the same."""
    (row,) = read(form, FILES[form])
    assert isinstance(row, Row)
    assert row.portable == ADA


@pytest.mark.parametrize("form", Form)
async def test_what_comes_in_signs_in(form: Form) -> None:
    """A seed of RFC 6238 from each form shows, adopted by the factor, the codes printed there."""
    (row,) = read(form, FILES[form])
    assert isinstance(row, Row)
    assert isinstance(row.portable.material, Seed)
    factor: Totp = totp()
    adopted = factor.adopt(row.portable.material)
    assert isinstance(adopted, Enrolled)
    seed = factor.seed(adopted.material)
    assert seed is not None
    at = datetime.fromtimestamp(1234567890, UTC)
    assert code(seed, at) == {"code": "005924"}
    assert (await factor.begin_challenge(context(), ())).prompt.data["digits"] == 6


def test_pskc_opens_with_either_key() -> None:
    """Both encrypted documents show that both keys reach them."""
    for document in (figure_6(), figure_7()):
        (row,) = read(Form.PSKC, document)
        assert isinstance(row, Row)
        assert row.portable.material == Seed(SECRET, digits=8)
        (bad,) = read(Form.PSKC, document, Keys())
        assert isinstance(bad, BadRow)


def test_a_sealed_file_asks_for_its_key() -> None:
    """No key, and one that is none, show what to give."""
    for keys, says in (
        (Keys(), "give the private key of its recipient"),
        (Keys(private=PUBLIC), "it is a public key"),
        (Keys(private={"kty": "oct"}), "it is a public key"),
        (Keys(private=make_recipient()[1]), "sealed to another key"),
    ):
        (bad,) = read(Form.SEALED, SEALED, keys)
        assert isinstance(bad, BadRow)
        assert says in bad.why


def test_keys_are_not_shown() -> None:
    """The text of the keys shows none of them."""
    assert repr(KEYS) == "Keys()"


@pytest.mark.parametrize("form", Form)
def test_one_form_is_not_taken_for_another(form: Form) -> None:
    """A file of another form shows faults and no authenticator."""
    for other, text in FILES.items():
        if other is not form:
            found = read(form, text)
            assert found
            assert all(isinstance(row, BadRow) for row in found)


@given(st.sampled_from(Form), st.binary(max_size=300))
def test_any_bytes_are_rows_or_faults(form: Form, data: bytes) -> None:
    """Whatever a file holds shows rows or faults, in the order of their lines."""
    found = read(form, data)
    assert all(isinstance(row, Row | BadRow) for row in found)
    assert [row.line for row in found] == sorted(row.line for row in found)
