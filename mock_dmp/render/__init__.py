"""Writers of the mock's answers. The harness has its own, made another way, on purpose."""
