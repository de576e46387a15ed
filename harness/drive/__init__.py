"""The driver: plays an LPS on the wire, correctly or wrong on purpose.

`build.build` makes an OutgoingMessage, `client.send` sends it and gives an Exchange back. Nothing is
judged here.
"""
