"""Doors that Fastly does not have, for showing and testing: all under `/_sandbox/`."""
