"""The control API under /control/v1, in JSON: one file a subject, found by themselves. It is the door of a test
tool, open to any client that TLS lets in, and no service of the DMP.
"""

from mock_dmp.control.application import create
from mock_dmp.control.openapi import description

__all__ = ["create", "description"]
