"""Our own schemas: written from a notation of ours, compiled by lxml, explained in words when they refuse."""
