"""Deliberate defects of the mock, one switch each: they exist so that the oracle can be seen to catch them.

`of` gives those that a session turned on (its setting `defects`), `changed` the settings as they make them. What each
one is and who must catch it is in the modules beside; where they act is `mock_dmp.faults.striking`.
"""

from __future__ import annotations

from mock_dmp.defects.api import SWITCH, Defect, changed, check, defects, of

__all__ = ["SWITCH", "Defect", "changed", "check", "defects", "of"]
