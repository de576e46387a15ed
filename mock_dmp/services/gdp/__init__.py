"""What the handlers of the administrative transactions (TD0.2, TD1.1 to TD1.4) share."""
