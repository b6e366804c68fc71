"""Everything that keeps the platform from starting is one sentence that says what is wrong and what to do."""


class CannotStart(Exception):
    """The platform cannot start; the text is the sentence that the person at the keyboard reads."""
