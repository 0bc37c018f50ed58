"""People on their way between installations."""

from sidecar.core.model import Level, PublicKey
from sidecar.core.seeds import Portable, Seed, base32
from sidecar.flows.exporting import Exports
from sidecar.flows.importing import Entry, Imports
from sidecar.flows.movable import Movable, movable
from sidecar.flows.naming import Naming
from tests.unit.flows.scene import Phone, Scene

DOMAIN = "shop.test"
NAMING = Naming({"shop": (), "club": ()})
SEED = Seed(b"12345678901234567890")
OTHER = Seed(b"another secret of 24 byt", "SHA256", 8, 60)
KEY = PublicKey(b"credential", b"public key", 3, {"rp_id": DOMAIN, "transports": ("usb",)})


def movable_in(here: Scene) -> Movable:
    """Return what moves by the factors of the scene, and by keys of a domain."""
    levels = {**here.kit.levels, "keys": Level.PHISHING_RESISTANT}
    return movable(here.flows.kit.factors, levels, {"keys": DOMAIN})


def imports(here: Scene) -> Imports:
    return Imports(here.store, here.clock, NAMING, movable_in(here))


def exports(here: Scene) -> Exports:
    return Exports(here.store, here.clock, movable_in(here))


def entry(subject: str = "ada", material: Seed | PublicKey = SEED, realm: str = "shop") -> Entry:
    factor = "keys" if isinstance(material, PublicKey) else ""
    return Entry(Portable(subject, factor, "", material), realm)


def phone(seed: Seed) -> Phone:
    """Return the phone that makes the codes of a seed with six digits."""
    return Phone(base32(seed.secret))
