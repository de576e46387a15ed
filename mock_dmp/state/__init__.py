"""What the mock remembers, session by session: one module a subject, each with its table and its functions.

Every function takes the connection first and the session's name second; transactions belong to the caller.
"""
