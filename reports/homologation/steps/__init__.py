"""Steps of the verification of a homologation: a file a subject, registered by number in `reading`."""
