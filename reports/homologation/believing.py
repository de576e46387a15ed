"""Which keys a verification believes: those of the trust file brought, or that the root brought signs.

Where a verifier holds a root, the trust file brought and the one of the bundle are believed as far as that root vouches
for them; of two that continue each other, the newer counts. Nothing is believed because it travelled in the bundle.
"""

from __future__ import annotations

from typing import Final

from protocol import trustchain
from protocol.errors import Text
from protocol.trust import read_trust
from protocol.trustchain import Anchor, Believed
from reports.homologation.reading import Read
from reports.register.trustfiles import CHAIN
from reports.verify_evidence import ko

#: Why nobody that the verifier knows vouches for the keys.
_UNVOUCHED: Final = Text(
    "la signature est intacte, mais sa clé n'est connue que par le paquet ; donner --trust",
    "the signature is intact, but its key is known from the bundle only; give --trust",
)
_UNSIGNED: Final = Text(
    "la signature est intacte, mais le paquet n'a pas de fichier de confiance signé par une racine ; "
    "donner --trust trust-chain.ndjson, que l'émetteur publie",
    "the signature is intact, but the bundle has no trust file signed by a root; give --trust trust-chain.ndjson, "
    "which the issuer publishes",
)


def settle(read: Read) -> None:
    """Set the keys of a verification, and whether what was brought vouches for them (`unvouched`: why not).

    Raises EvidenceError for a trust file that can't be believed, OSError.
    """
    found, carried = _brought(read), _carried(read)
    if found is None and read.brought.root is not None and carried is not None:
        trustchain.attach(carried.chain, read.brought.root)
        found = carried
    elif found is not None and carried is not None and found.version is not None:
        found = _newer(found, carried)
    if found is not None and found.version is not None:
        trustchain.refuse_expired(found.version, read.at)
    if found is None:
        read.unvouched = _UNVOUCHED if read.brought.root is None else _UNSIGNED
        found = carried or Believed(read_trust(read.need("trust.json"), "trust.json"), "")
    else:
        read.unvouched = None
    read.trust, read.keys = found, found.keys


def refuse_root(read: Read, keyid: str) -> None:
    """Raises EvidenceError (HOMO-032) for a key that is a root: it signs versions of the trust file, nothing else."""
    chain = read.trust.chain if read.trust else ()
    if any(keyid in one.version.root.keys for one in chain):
        raise ko("HOMO-032", Text("cette clé ne le peut pas", "this key may not"), found=f"root {keyid}")


def told(read: Read, name: str) -> Text:
    """Who signed, and by which version of a signed trust file."""
    version = read.trust.version if read.trust else None
    if version is None:
        return Text(name, name)
    number = version.number
    return Text(
        f"{name} ; fichier de confiance signé, version {number}",
        f"{name}; signed trust file, version {number}",
    )


def _brought(read: Read) -> Believed | None:
    if read.brought.trust is None:
        return None
    return trustchain.load(read.brought.trust, read.brought.root)


def _carried(read: Read) -> Believed | None:
    """The signed trust file of the bundle, if it has one: sound in itself, which vouches for nothing."""
    if read.files is None or CHAIN not in read.files.files:
        return None
    return trustchain.believed(read.files.files[CHAIN], CHAIN)


def _newer(found: Believed, carried: Believed) -> Believed:
    """The newer of two that continue each other. Raises EvidenceError (TRUST-015) for two that do not."""
    trustchain.refuse_forks(found.chain, carried.chain)
    given, other = found.chain[-1].version, carried.chain[-1].version
    if other.number <= given.number:
        return found
    trustchain.attach(carried.chain, Anchor.of_version(given))
    return carried
