"""The life of an incident: its one transition table, the services that move it, its timers."""
