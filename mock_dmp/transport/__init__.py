"""HTTP over TLS for the mock: nothing here knows SOAP. Connections wait in a selector, never in a worker."""
