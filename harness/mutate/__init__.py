"""Mutation of documents and messages: the proof that the rules of the oracle see what they must see."""
