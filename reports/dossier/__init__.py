"""The application file of a software: its states, what may move it, who said what and when, until a decision."""
