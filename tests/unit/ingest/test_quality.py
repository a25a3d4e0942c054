"""The least that keywords and languages are worth; `make quality` prints how good they are."""

from statistics import mean

import pytest

from benchmarks.quality import found_keywords, keyword_score, samples_by_length
from service.ingest.language import language_of
from tests.corpus.labelled import labelled_texts

LEAST = {"en": 0.55, "zh": 0.75, "ja": 0.75, "de": 0.6}


@pytest.mark.parametrize("language", LEAST)
def test_most_keywords_on_the_index_card_are_found(language):
    scores = [keyword_score(text) for text in labelled_texts() if text.language == language]
    assert mean(score.recall for score in scores) >= LEAST[language]
    assert mean(score.precision for score in scores) >= LEAST[language]


def test_keywords_of_other_scripts_are_words_of_the_text():
    for text in labelled_texts():
        if text.language in ("ru", "ar", "ko"):
            found = found_keywords(text)
            assert len(found) == 10
            # Endings and marks may be gone, so that the same word meets in one node.
            told = [name for name in found if all(word[:3] in text.text.lower() for word in name.split())]
            assert len(told) >= 9


@pytest.mark.parametrize(("length", "least"), [("one sentence", 0.88), ("four sentences", 0.94), ("a page", 1.0)])
def test_the_language_is_told(length, least):
    samples = samples_by_length()[length]
    right = sum(language_of(sample) == language for language, sample in samples)
    assert right >= least * len(samples)
