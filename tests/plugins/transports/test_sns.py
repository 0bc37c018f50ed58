"""Amazon SNS: its signature, its parameters, its XML."""

import pytest
from pydantic import ValidationError

from plugins.transports.sns import Options, Signing, Sns, texts
from sidecar.outside import Outside
from tests.conformance.lent import lent
from tests.vendors.peer import listening
from tests.vendors.sigv4 import ACCESS_KEY, REGION, SECRET_KEY
from tests.vendors.sns import SESSION_TOKEN, SnsServer
from tests.vendors.stands import NOW, letter

RIGHT = {"region": REGION, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}


def test_the_signature_is_amazons() -> None:
    """The example of AWS's documentation (ListUsers) shows that the same signature comes out."""
    signing = Signing("AKIDEXAMPLE", SECRET_KEY, "us-east-1", "iam")
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": "iam.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
    }
    made = signing.authorization("GET", "/?Action=ListUsers&Version=2010-05-08", headers, b"")
    assert made == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )
    assert SECRET_KEY not in repr(signing)


@pytest.mark.parametrize(
    ("method", "headers", "body", "signature"),
    [
        ("GET", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "POST",
            {"content-type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
)
def test_the_published_suite(
    method: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    """Requests of AWS's test suite for Signature 4 show that each has its published signature."""
    signing = Signing("AKIDEXAMPLE", SECRET_KEY, "us-east-1", "service")
    whole = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z", **headers}
    made = signing.authorization(method, "/", whole, body)
    assert made.endswith(f"Signature={signature}")


async def test_what_is_published() -> None:
    """A message as it arrives shows its attributes, and that none is there for what is unset."""
    server = SnsServer()
    async with listening(server) as peer, Outside() as call:

        def sns(**options: object) -> Sns:
            whole = {**RIGHT, "session_token": SESSION_TOKEN, "endpoint": peer.url, **options}
            read = Options.model_validate({**whole, "private": True})
            return Sns(read, lent("tested", call=call, now=lambda: NOW))

        receipt = await sns(sender="Harbour", max_price=0.1).send(letter())
        await sns().send(letter())
        server.token = ""
        await sns(session_token=None).send(letter())
    full, plain, _ = server.taken.values()
    assert receipt.reference in server.taken
    assert plain == {
        "Action": "Publish",
        "Version": "2010-03-31",
        "PhoneNumber": "+4915112345678",
        "Message": "Your code is 914 207.",
        "MessageAttributes.entry.1.Name": "AWS.SNS.SMS.SMSType",
        "MessageAttributes.entry.1.Value.DataType": "String",
        "MessageAttributes.entry.1.Value.StringValue": "Transactional",
    }
    assert {full[name] for name in full.keys() - plain.keys()} == {
        *("AWS.SNS.SMS.SenderID", "String", "Harbour"),
        *("AWS.SNS.SMS.MaxPrice", "Number", "0.10000"),
    }


@pytest.mark.conforms("ASVS-1.5.1")
def test_documents_say_no_more_than_they_show() -> None:
    """Entities, outside documents and malformed ones show that nothing of them is read."""
    assert texts(b"<a><b>one</b><c>two</c></a>") == {"b": "one", "c": "two"}
    for hostile in (
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><b>&x;</b></a>',
        b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><a><b>&z;</b></a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a><b>c</b></a>',
        *(b"<a><b>c</b>", b"", b"{}", b"\xff\xfe", b"<a>&undefined;</a>"),
    ):
        assert texts(hostile) == {}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"region": "eu-central-1.evil.example/"}, "pattern"),
        ({"access_key": "lower"}, "pattern"),
        ({"sender": "much too long a name"}, "pattern"),
        ({"max_price": 0}, "greater than"),
        ({"endpoint": "http://127.0.0.1:1"}, "not https"),
    ],
)
def test_wrong_options(wrong: dict[str, object], said: str) -> None:
    """Options that cannot be meant show that they are refused when the file is read."""
    with pytest.raises(ValidationError, match=said):
        Options.model_validate({**RIGHT, **wrong})


def test_regions_have_their_own_name() -> None:
    """Regions show the URL that is called, China's among them."""
    for region, url in (
        (REGION, "https://sns.eu-central-1.amazonaws.com"),
        ("cn-north-1", "https://sns.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "https://sns.us-gov-west-1.amazonaws.com"),
    ):
        assert Options.model_validate({**RIGHT, "region": region}).url == url
