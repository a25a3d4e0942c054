"""English plurals to singulars, where a rule is safe, so that `hives` and `hive` are one keyword."""

_SHORTEST = 4
_UNCHANGED_WORDS = """
    species series news lens always perhaps gas bias atlas canvas chaos cosmos ethos physics politics economics
    mathematics statistics electronics ethics athletics logistics dynamics mechanics christmas texas paris wales
    apis kubernetes postgres redis windows jenkins diabetes rabies herpes measles headquarters
"""
_UNCHANGED = frozenset(_UNCHANGED_WORDS.split())
_IRREGULAR = {
    "leaves": "leaf",
    "wolves": "wolf",
    "knives": "knife",
    "halves": "half",
    "shelves": "shelf",
    "calves": "calf",
    "thieves": "thief",
    "loaves": "loaf",
    "movies": "movie",
    "cookies": "cookie",
    "calories": "calorie",
    "zombies": "zombie",
    "caches": "cache",
    "avalanches": "avalanche",
    "axes": "axis",
    "indices": "index",
    "matrices": "matrix",
    "vertices": "vertex",
    "analyses": "analysis",
    "hypotheses": "hypothesis",
    "crises": "crisis",
    "shoes": "shoe",
}
_STAYS = ("ss", "us", "is", "'s")
_ES = ("sses", "shes", "ches", "xes", "zzes")


def singular(word: str) -> str:
    """Return the singular of a lower-case word that ends in `s`, or the word itself."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < _SHORTEST or word in _UNCHANGED or word.endswith(_STAYS):
        return word
    if word.endswith("ies") and len(word) > _SHORTEST:
        return word[:-3] + "y"
    if word.endswith(_ES) or (word.endswith("oes") and len(word) > _SHORTEST + 1):
        return word[:-2]
    return word[:-1]
