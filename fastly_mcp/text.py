"""Other people's text, made visible."""

import unicodedata

LONGEST = 300
SHORT = 60

# Characters that hide text, turn it around or steer a terminal: control, format (bidirectional,
# zero-width, tags), surrogates, private use, line and paragraph separators.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def visible(text: str) -> str:
    r"""Return the text with every hidden character as `\u{…}`; line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def cut(text: str, longest: int = LONGEST) -> str:
    """Return at most `longest` characters, with … where more were."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def shortened(text: str, longest: int = SHORT) -> str:
    """Return somebody's text in one line of so many characters, nothing hidden in it."""
    return cut(one_line(text), longest)


def one_line(text: str) -> str:
    """Return somebody's text in one line, nothing hidden in it."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def ends(text: str, longest: int = SHORT) -> str:
    """The same with … in the middle: what begins alike is told apart by how it ends."""
    line = one_line(text)
    half = longest // 2
    return line if len(line) <= longest else f"{line[: half - 1]}…{line[-half:]}"


def _shown(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in HIDDEN:
        return character
    return f"\\u{{{ord(character):x}}}"
