"""Official kits as their users own them: registered, laid out, verified, run. Their rules are in harness.checks."""
