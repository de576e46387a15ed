"""The act of homologation: its signed statement, the bundle in which what verifies it travels, the verification."""
