"""PSKC documents: the figures of RFC 6030 in one line each, and others like them."""

from base64 import b64encode
from collections.abc import Mapping

NAMESPACES = (
    'xmlns="urn:ietf:params:xml:ns:keyprov:pskc" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" '
    'xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" '
    'xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" '
    'xmlns:pkcs5="http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#"'
)
XMLENC = "http://www.w3.org/2001/04/xmlenc#"
XMLENC11 = "http://www.w3.org/2009/xmlenc11#"
PBKDF2 = "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2"
HMAC_SHA1 = "http://www.w3.org/2000/09/xmldsig#hmac-sha1"
TOTP = "urn:ietf:params:xml:ns:keyprov:pskc:totp"
HOTP = "urn:ietf:params:xml:ns:keyprov:pskc:hotp"
PLAIN = "<PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue>"
FORMAT = '<ResponseFormat Length="8" Encoding="DECIMAL"/>'

PRE_SHARED = bytes.fromhex("12345678901234567890123456789012")
"""Source: RFC 6030 §6.1, figure 6."""
PASSPHRASE = "qwerty"
"""Source: RFC 6030 §6.2, figure 7."""


def container(*inside: str, head: str = "") -> str:
    return f'<KeyContainer Version="1.0" {NAMESPACES}>{head}{"".join(inside)}</KeyContainer>'


def key(
    secret: str = PLAIN,
    *,
    more: str = "",
    data: str = "<TimeInterval><PlainValue>30</PlainValue></TimeInterval>",
    form: str = FORMAT,
    device: str = "",
    attributes: str = f'Id="12345678" Algorithm="{TOTP}"',
) -> str:
    return (
        f"<KeyPackage><DeviceInfo><Manufacturer>Acme</Manufacturer>{device}</DeviceInfo>"
        f"<Key {attributes}><Issuer>Issuer-A</Issuer>"
        f"<AlgorithmParameters>{form}</AlgorithmParameters>"
        f"<Data><Secret>{secret}</Secret>{data}</Data>{more}</Key></KeyPackage>"
    )


def encrypted(value: bytes | str, algorithm: str = f"{XMLENC}aes128-cbc") -> str:
    text = value if isinstance(value, str) else b64encode(value).decode()
    return (
        f'<EncryptedValue><xenc:EncryptionMethod Algorithm="{algorithm}"/><xenc:CipherData>'
        f"<xenc:CipherValue>{text}</xenc:CipherValue></xenc:CipherData></EncryptedValue>"
    )


def mac_method(wrapped: str = "", algorithm: str = HMAC_SHA1) -> str:
    inner = encrypted(wrapped).replace("EncryptedValue", "MACKey") if wrapped else ""
    return f'<MACMethod Algorithm="{algorithm}">{inner}</MACMethod>'


def derivation(**change: str) -> str:
    said: Mapping[str, str] = {
        "algorithm": PBKDF2,
        "salt": "Ej7/PEpyEpw=",
        "rounds": "1000",
        "length": "16",
        "prf": "<PRF/>",
        **change,
    }
    return (
        "<EncryptionKey><xenc11:DerivedKey>"
        f'<xenc11:KeyDerivationMethod Algorithm="{said["algorithm"]}"><pkcs5:PBKDF2-params>'
        f"<Salt><Specified>{said['salt']}</Specified></Salt>"
        f"<IterationCount>{said['rounds']}</IterationCount>"
        f"<KeyLength>{said['length']}</KeyLength>{said['prf']}"
        "</pkcs5:PBKDF2-params></xenc11:KeyDerivationMethod>"
        "<xenc11:MasterKeyName>My Password 1</xenc11:MasterKeyName>"
        "</xenc11:DerivedKey></EncryptionKey>"
    )


NAMED = "<EncryptionKey><ds:KeyName>Pre-shared-key</ds:KeyName></EncryptionKey>"

MAC_KEY_6 = "ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX"
VALUE_6 = "AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv"
MAC_6 = "<ValueMAC>Su+NvtQfmvfJzF6bmQiJqoLRExc=</ValueMAC>"
MAC_KEY_7 = "2GTTnLwM3I4e5IO5FkufoOEiOhNj91fhKRQBtBJYluUDsPOLTfUvoU2dStyOwYZx"
VALUE_7 = "oTvo+S22nsmS2Z/RtcoF8Hfh+jzMe0RkiafpoDpnoZTjPYZu6V+A4aEn032yCr4f"
MAC_7 = "<ValueMAC>LP6xMvjtypbfT9PdkJhBZ+D6O4w=\n</ValueMAC>"


def figure_6(kind: str = TOTP) -> str:
    """AES-128-CBC under a pre-shared key; the figure's own key is counted (`HOTP`)."""
    one = key(encrypted(VALUE_6) + MAC_6, attributes=f'Id="12345678" Algorithm="{kind}"')
    return container(one, head=NAMED + mac_method(MAC_KEY_6))


def figure_7(kind: str = TOTP, **change: str) -> str:
    """The same under a passphrase."""
    one = key(encrypted(f"\n {VALUE_7}\n") + MAC_7, attributes=f'Id="123456" Algorithm="{kind}"')
    return container(one, head=derivation(**change) + mac_method(MAC_KEY_7))
