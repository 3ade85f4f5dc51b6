"""The texts that a shape may hold: formats, listed words, codes, and names made of listed words."""

from patchfleet.doctor.formats import FORMATS
from patchfleet.doctor.names import is_listed, is_written
from patchfleet.doctor.vocabulary import Vocabulary


def is_of_a_list(text: str, vocabulary: Vocabulary) -> bool:
    """Return whether a text is one that Patchfleet ships, not one of an account."""
    words = {word for some in vocabulary.words.values() for word in some} | {*vocabulary.sentences}
    if text in FORMATS or text in words or (text.isdigit() and len(text) <= 5):
        return True
    if " & " in text:  # the name of a pair
        return all(map(is_listed, text.split(" & ")))
    code, _, label = text.partition(" ")  # a pair
    return is_written(text) or (code.isdigit() and is_of_a_list(label, vocabulary))
