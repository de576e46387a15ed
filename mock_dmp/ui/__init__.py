"""The live view under /ui/: what the mock received, what it answered and why, for a reader in a browser.

It reads the journal and changes nothing.
"""
