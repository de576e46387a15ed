"""The append-only register of homologations: a Merkle log, its checkpoints and proofs, what it says of each number."""
