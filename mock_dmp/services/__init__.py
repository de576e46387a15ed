"""One module a transaction, each with its handler; `mock_dmp.registry.load` imports them all."""
