"""Evidence handed out: in the official style, in the Ségur style, as a bag; checked by `harness.privacy` first."""
