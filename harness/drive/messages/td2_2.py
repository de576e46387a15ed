"""TD2.2: feeding of a DMP by an employee's card; the wire of TD2.1, another caller.

Parameters and facts: those of TD2.1.
"""

from __future__ import annotations

from lxml import etree

from harness.drive.draft import Draft
from harness.drive.messages import td2_1
from harness.drive.registry import message


@message("TD2.2", service="repository", action=td2_1.ACTION, mtom=True, parameters=td2_1.PARAMETERS)
def write(draft: Draft) -> etree._Element:
    """Payload ProvideAndRegisterDocumentSetRequest. Raises as TD2.1 does."""
    return td2_1.write(draft)
