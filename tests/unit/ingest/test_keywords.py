import pytest
from hypothesis import given, settings, strategies as st

from service.ingest import terms
from service.ingest.keywords import keywords_of
from service.ingest.language import language_of
from service.ingest.plurals import singular
from tests.unit.ingest.test_language import SAMPLES

TEXT = (
    "Varroa mites weaken the hive. A varroa mite enters the brood cell of a honey bee. When honey bees hatch, the "
    "varroa mites leave. Count the mites in every hive, and treat the hives of the apiary before winter bees hatch."
)


def names(text: str, language: str = "en", most: int = 10) -> list[str]:
    return [keyword.name for keyword in keywords_of(text, language, most)]


def test_repeated_words_and_phrases_come_first():
    assert names(TEXT)[:3] == ["varroa mite", "mite", "hive"]
    assert "honey bee" in names(TEXT)


def test_singular_plural_and_case_are_one_keyword():
    (first, *_) = keywords_of("Hives, HIVES and a hive", "en", 10)
    assert (first.id, first.name, first.weight) == ("keyword:hive", "hive", 1.0)


def test_weights_fall_from_one_and_stay_above_zero():
    weights = [keyword.weight for keyword in keywords_of(TEXT, "en", 50)]
    assert weights[0] == 1.0
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] > 0


def test_there_are_never_more_than_asked_for():
    assert len(keywords_of(TEXT, "en", 3)) == 3


def test_the_same_text_has_the_same_keywords_wherever_it_stands():
    assert keywords_of(TEXT, "en", 10) == keywords_of(f"{TEXT}", "en", 10)


def test_a_phrase_does_not_cross_a_stop_word_a_full_stop_or_a_line():
    found = names("Honey of bees. Queens hives\nwax comb", most=50)
    assert not {"honey bee", "bee queen", "hive wax"} & set(found)
    assert {"queen hive", "wax comb"} <= set(found)


def test_three_words_that_are_said_again_stand_for_their_pairs():
    found = names("Bee space museum tours. The bee space museum opens.", most=50)
    assert found[0] == "bee space museum"
    assert "space museum" not in found


def test_addresses_paths_and_code_are_no_keywords():
    text = "See https://bees.example/hive-shop or ask@bees.example\n\n```\nnot_a_keyword()\n```\nunder /var/lib/bees"
    assert not any("example" in name or "keyword" in name or "/" in name for name in names(text, most=50))


def test_chinese_keywords_are_nouns():
    text = "工蜂把花蜜吐进巢房，蜂王在蜂箱里产卵。养蜂人检查蜂箱，看蜂王和工蜂。蜂箱里有花蜜。"
    found = names(text, "zh")
    assert {"工蜂", "花蜜", "蜂王", "蜂箱"} <= set(found)
    assert not any(len(name) < 2 for name in found)


def test_japanese_keywords_are_runs_of_characters():
    assert {"ミツバチ", "巣箱"} <= set(names(SAMPLES["ja"], "ja"))


@pytest.mark.parametrize(("language", "text"), SAMPLES.items())
def test_every_language_is_read_without_complaint(language, text):
    assert all(name.strip() == name and name for name in names(text, language))


@given(st.text(max_size=400), st.sampled_from(["en", "zh", "ja", "und", "xx"]))
@settings(max_examples=100, deadline=None)
def test_any_text_gives_distinct_keywords_that_a_graph_can_store(text, language):
    keywords = keywords_of(text, language, 10)
    assert len({keyword.id for keyword in keywords}) == len(keywords)
    for keyword in keywords:
        assert keyword.id == f"keyword:{keyword.name}"
        assert keyword.name.strip()
        assert 0 < keyword.weight <= 1
        keyword.name.encode()


@pytest.mark.parametrize(
    ("plural", "expected"),
    [
        ("hives", "hive"), ("boxes", "box"), ("colonies", "colony"), ("branches", "branch"), ("glasses", "glass"),
        ("leaves", "leaf"), ("species", "species"), ("virus", "virus"), ("wax", "wax"), ("bees", "bee"),
        ("potatoes", "potato"), ("gas", "gas"), ("analysis", "analysis"), ("pies", "pie"), ("glass", "glass"),
    ],
)  # fmt: skip
def test_plurals_are_folded_where_it_is_safe(plural, expected):
    assert singular(plural) == expected


def test_made_up_language_tags_do_not_fill_the_memory():
    for number in range(100):
        names(TEXT, f"x{number}")
    assert terms._dictionary.cache_info().currsize < 70


def test_related_texts_share_keywords():
    other = "The beekeeper counts varroa mites in the hive and protects the honey bee in winter."
    assert len(set(names(TEXT)) & set(names(other))) >= 4


def test_a_detected_language_is_good_enough_for_its_keywords():
    text = "Die Bienen tragen den Honig in die Waben. Der Honig in den Waben gehört den Bienen."
    assert set(names(text, language_of(text))[:3]) == {"bienen", "honig", "waben"}


@pytest.mark.parametrize(
    ("language", "text", "word"),
    [
        ("fr", "L'affinage dure un an. Sans affinage, pas de goût.", "affinage"),
        ("it", "Guarda l'albero: un albero nuovo, dell’albero vecchio.", "albero"),
        ("ca", "L'oli i l’oli nou.", "oli"),
    ],
)
def test_a_word_is_one_keyword_with_and_without_its_article(language, text, word):
    (first, *_) = keywords_of(text, language, 10)
    assert first.name == word


def test_what_looks_like_an_article_stays_where_there_are_none():
    assert "o'brien" in names("O'Brien met O'Brien.")
    assert "aujourd'hui" not in {name.partition("'")[2] for name in names("aujourd'hui la ruche", "fr")}


def test_words_of_korean_stay_apart_in_a_phrase():
    assert "사람들 김장" in names("마을 사람들은 김장을 한다", "ko", most=50)
