"""Faults on demand: ways in which a platform fails, armed for one session, counted, and written in the journal.

`api` says what a kind of fault is, `kinds/` holds them (one file each), `plan` reads when they strike, `striking`
decides for one call, `answering` is the answer that they spoil, `gate` is for those of the TLS handshake. Which ones
are armed is `mock_dmp.state.faults`.
"""
