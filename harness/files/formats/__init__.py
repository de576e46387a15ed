"""Renderings of the results of `dmpcompat check`, one module a format."""
