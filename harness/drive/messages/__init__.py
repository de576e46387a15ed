"""One module a transaction: it writes the payload, and says its parameters in its docstring."""
