"""The oracle: rules over raw bytes, independent of every reader and writer used elsewhere."""
