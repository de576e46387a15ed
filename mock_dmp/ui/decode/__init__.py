"""Decoders of the live view: from a message that could be read to blocks for a page. They judge nothing."""
