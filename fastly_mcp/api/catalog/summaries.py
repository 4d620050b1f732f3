"""What an operation does, in an operator's words."""


def summary_of(name: str, group: str, method: str, path: str) -> str:
    """Return one short sentence without a full stop."""
    return name.replace("_", " ").capitalize()
