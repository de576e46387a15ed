"""The test PKI: a CA, its CRL, a server, organisations and cards, and certificates that are wrong on purpose.

Nothing here has any value outside tests: keys are written unencrypted and every subject is made up.
"""

from mock_dmp.pki import cards
from mock_dmp.pki.folder import P12_PASSWORD, Entry, PkiIndex, init, load

__all__ = ["P12_PASSWORD", "Entry", "PkiIndex", "cards", "init", "load"]
