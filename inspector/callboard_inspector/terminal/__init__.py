"""The inspector in a terminal: the commands ``watch`` and ``show``."""
