"""Frames of a real software: recorded on the wire by a proxy, or read from what somebody else captured."""
