"""The web sites beside the SOAP services: one module a site, which registers it with `mock_dmp.mounts.mount`."""
