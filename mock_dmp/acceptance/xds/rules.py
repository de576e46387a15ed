"""Imports every module of rules on submissions, which registers them, in the order they are judged."""

from mock_dmp.acceptance.xds import (
    attributes,
    cda,
    coherence,
    contents,
    links,
    signature,
    structure,
    vocabulary,
)
from mock_dmp.acceptance.xds.filing import MESSAGE, REGISTRY
from mock_dmp.acceptance.xds.structure import extra_slots

__all__ = ["MODULES", "extra_slots"]

MODULES = (structure, attributes, vocabulary, coherence, contents, signature, cda, links)
MESSAGE.arrange(MODULES)
REGISTRY.arrange(MODULES)
