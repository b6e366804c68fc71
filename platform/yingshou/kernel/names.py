"""
Texts and company names in the forms in which they are compared and searched. A name never identifies an organisation (its
credit code does); these forms only help people to find one by part of its name. Source: rule book X11.
"""

from __future__ import annotations

import re
import unicodedata

_SPACES = re.compile(r"\s+")


def normalise(text: str) -> str:
    """The text in Unicode form NFKC (full-width digits become ASCII, （） becomes ()), stripped, inner spaces collapsed."""
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text)).strip()


def name_key(name: str) -> str:
    """The letters, digits and characters of a name in capitals, without brackets, spaces and punctuation."""
    return "".join(character for character in normalise(name).upper() if character.isalnum())


def bigrams(name: str) -> list[str]:
    """
    Every pair of neighbouring characters of the name's key, once, in order; a key of one character is its own.

    A name can contain a query only if it has all bigrams of the query; the caller confirms with `name_key(query) in
    name_key(name)`.
    """
    key = name_key(name)
    if len(key) == 1:
        return [key]
    return list(dict.fromkeys(key[at : at + 2] for at in range(len(key) - 1)))
