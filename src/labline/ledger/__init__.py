"""The ledger: an append-only, hash-chained record of every promotion, release and rollback.

Each entry's hash covers its own content and the hash before it (:mod:`labline.ledger.chain`), so
an entry that is edited, removed or moved breaks the chain at a place that can be named. Whoever
can write to the database could still write the whole chain anew, or cut off its end: signatures
(:mod:`labline.ledger.signatures`) and an anchor kept elsewhere find that.
"""

from labline.ledger.book import Ledger
from labline.ledger.chain import GENESIS, Audit, Entry, LedgerBroken, digest
from labline.ledger.signatures import Seal, make_key

__all__ = [
    "GENESIS",
    "Audit",
    "Entry",
    "Ledger",
    "LedgerBroken",
    "Seal",
    "digest",
    "make_key",
]
