"""The acceptance policy: rules by stage, each with an id and a severity of datasets/acceptance."""
