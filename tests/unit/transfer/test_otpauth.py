"""Lines with a URI each."""

from datetime import UTC, datetime

import pyotp
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.conformance.seeds import code
from sidecar.core.seeds import Portable, Seed, uri
from sidecar.transfer.otpauth import line, read, seed_and_account
from sidecar.transfer.rows import BadRow, Row
from tests.unit.transfer import files
from tests.unit.transfer.files import BASE32, SECRET, SEED, SEEDS, USER_IDS, fault, one

URI = f"otpauth://totp/Shop:ada?secret={BASE32}&issuer=Shop"


@pytest.mark.parametrize(
    ("written", "user_id"),
    [
        (URI, "ada"),
        (f"otpauth://totp/ada?secret={BASE32}", "ada"),
        (f"otpauth://totp/Shop%3Aada?secret={BASE32}", "ada"),
        (f"otpauth://totp/Shop:%20ada%20l?secret={BASE32}", "ada l"),
        (f"otpauth://totp/My%20Shop:a@example.com?secret={BASE32}", "a@example.com"),
        (f"otpauth://totp/Shop:eu:ada?secret={BASE32}&issuer=shop", "eu:ada"),
        (f"otpauth://totp/My:Shop:ada?secret={BASE32}&issuer=My%3AShop", "ada"),
        (f"OTPAUTH://TOTP/Shop:ada?SECRET={BASE32.lower()}%3D%3D&Issuer=Shop", "ada"),
        (f"otpauth://totp/ada?secret=gezd+gnbv+gy3t%20qojq+{BASE32[16:]}", "ada"),
        (f"otpauth://totp/ada?secret={BASE32}&image=https%3A%2F%2Fx&&color=#top", "ada"),
        (f"eu:ada,{URI}", "eu:ada"),
        (f"eu:ada , {URI}", "eu:ada"),
        (f"a,b\t{URI}", "a,b"),
        (f"4711;{URI}", "4711"),
        (f"4711,otpauth://totp/?secret={BASE32}", "4711"),
        (f"4711,otpauth://totp?secret={BASE32}", "4711"),
        (f'"lovelace, ""ada""","{URI}"', 'lovelace, "ada"'),
        (f'"a,b"\t{URI}', "a,b"),
        (f'"a;b";"{URI}"', "a;b"),
        (f'"{URI}"', "ada"),
    ],
)
def test_lines_as_people_have_them(written: str, user_id: str) -> None:
    """Every spelling that systems and spreadsheets write shows whose the one seed is."""
    assert one(read, written) == Portable(user_id, "", "", SEED)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (f"otpauth://hotp/ada?secret={BASE32}&counter=0", "counted (hotp)"),
        (f"otpauth://steam/ada?secret={BASE32}", "of a kind that no factor takes"),
        (f"otpauth://totp/ada?secret={BASE32}&encoder=steam", "are no digits"),
        (f"otpauth://totp/ada?secret={BASE32}&algorithm=MD5", "its algorithm is none"),
        (f"otpauth://totp/ada?secret={BASE32}&digits=5", "neither 6 nor 8 digits"),
        (f"otpauth://totp/ada?secret={BASE32}&digits=six", "number of digits is no small"),
        (f"otpauth://totp/ada?secret={BASE32}&period=0", "its period is no number of seconds"),
        (f"otpauth://totp/ada?secret={BASE32}&secret={BASE32}", "the same thing twice"),
        (f"otpauth://totp/ada?secret={BASE32}&%73ecret=AAAA", "the same thing twice"),
        ("otpauth://totp/ada", "it has no secret"),
        ("otpauth://totp/ada?secret=", "it has no secret"),
        ("otpauth://totp/ada?secret=hunter2!", "no base32"),
        (f"otpauth://totp/%ff?secret={BASE32}", "no UTF-8"),
        (f"otpauth://totp/?secret={BASE32}", "does not say whose it is"),
        (f"otpauth://totp/Shop:?secret={BASE32}", "does not say whose it is"),
        (f",{URI}", "does not say whose it is"),
        (f"otpauth://totp/ada%00?secret={BASE32}", "control or invisible"),
        (f"ada {URI}", "no comma or tab"),
        (f'"ada","{URI}","x"', "no line of one or two columns"),
        (f'"ada,{URI}', "no line of one or two columns"),
        ('"ada","x"', "no otpauth URI"),
        ("ada,GEZDGNBV", "no otpauth URI"),
        ("otpauth-migration://offline?data=CgA", "no otpauth URI"),
    ],
)
def test_what_gives_nothing_is_told(written: str, says: str) -> None:
    """Each line that cannot be taken shows why, and nothing of its secret."""
    why = fault(read, written)
    assert says in why
    assert BASE32 not in why
    assert "hunter2" not in why


def test_a_file_with_everything() -> None:
    """A heading, empty lines and faults show the number of the line for each row."""
    found = files.read(read, f"\ufeffUser_ID,URI\r\n\r\nada,{URI}\r\nnothing\r\n  {URI}  ")
    assert found[0] == Row(3, Portable("ada", "", "", SEED))
    assert [row.line for row in found] == [3, 4, 5]
    assert isinstance(found[1], BadRow)


@example(SEED, '"', "Shop")
@example(SEED, '"a","b', "Shop")
@example(SEED, "a,", "Shop")
@example(SEED, "a,otpauth://totp/eve?secret=AAAA", "Shop")
@given(seed=SEEDS, user_id=USER_IDS, issuer=st.text(max_size=20))
def test_what_is_written_is_read(seed: Seed, user_id: str, issuer: str) -> None:
    """Any seed, user id and issuer show that our own line gives them back."""
    issuer = "".join(filter(str.isprintable, issuer))
    assert one(read, line(user_id, seed, issuer)) == Portable(user_id, "", "", seed)


@given(seed=SEEDS, account=USER_IDS)
def test_a_uri_alone_is_enough(seed: Seed, account: str) -> None:
    """A URI without a user id beside it shows its account, colons and all."""
    written = uri(seed, "Shop", account)
    assert seed_and_account(written) == (seed, account.strip())


def test_files_of_another_library() -> None:
    """A URI that a library of others makes shows a seed with the codes of RFC 6238."""
    app = pyotp.TOTP(BASE32, digits=8, name="ada@example.com", issuer="Käse & Brot")
    portable = one(read, app.provisioning_uri())
    assert portable.user_id == "ada@example.com"
    assert isinstance(portable.material, Seed)
    at = datetime.fromtimestamp(1111111109, UTC)
    assert code(portable.material, at) == {"code": "07081804"}
    assert pyotp.parse_uri(line("ada", Seed(SECRET), "Shop").split("\t")[1]).secret == BASE32


@given(st.text(max_size=200), st.sampled_from(["", "otpauth://totp/", "ada,otpauth://totp/a?"]))
def test_any_text_is_a_row_or_a_fault(text: str, before: str) -> None:
    """Whatever a line says shows a row or a fault."""
    data = (before + text).encode("utf-8", "surrogatepass")
    assert all(isinstance(row, Row | BadRow) for row in files.read(read, data))
