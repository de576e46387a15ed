"""What an expression that can't be evaluated raises: it is reported as not run, and never passes."""

from __future__ import annotations

from typing import Final

from lxml import etree

from harness.schematron.lowered import NotLowered
from harness.schematron.parse import XPathSyntaxError
from harness.schematron.values import DynamicError, Unavailable, Unsupported

TROUBLE: Final = (
    *(DynamicError, Unavailable, Unsupported),
    *(NotLowered, XPathSyntaxError, etree.XPathError, RecursionError),
)
