"""The acceptance policy: rules by stage, each with an id and a severity of datasets/acceptance."""

from mock_dmp.acceptance.policy import accept

__all__ = ["accept"]
