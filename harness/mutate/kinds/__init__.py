"""The mutators, a module a subject; each registers its own."""
