"""The DMP stand-in: transport, acceptance policy, services, state, journal and control API.

Sees the kernel (`protocol`) only; the harness reaches it over the wire as it reaches a real DMP.
"""
