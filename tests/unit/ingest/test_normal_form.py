"""The same word, however it is typed, is one keyword."""

import pytest

from service.ingest.keywords import keywords_of
from service.ingest.normal_form import normal_form
from service.ingest.terms import joined, terms_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＨＯＮＥＹ", "honey"),
        ("ﾐﾂﾊﾞﾁ", "ミツバチ"),
        ("Bie\u00adnen", "bienen"),
        ("Cafe\u0301", "café"),
        ("keeper’s", "keeper's"),
        ("İstanbul", "istanbul"),
        ("كتــــاب", "كتاب"),
        ("كِتَابٌ", "كتاب"),
        ("أشجار", "اشجار"),
        ("می\u200cخواهم", "میخواهم"),
        ("כַּוֶּרֶת", "כורת"),
        ("ΜΕΛΙΣΣΑΣ", "μελισσας"),
    ],
)
def test_two_ways_of_writing_a_word_have_one_normal_form(one, other):
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize("text", ["Bees", "İÇ", "ﬁne", "Ⅷ", "ｶﾞ", "가", "ẞ", "Ǆ", "\u00ad", "ى"])
def test_a_normal_form_stays_as_it_is(text):
    assert normal_form(normal_form(text)) == normal_form(text)


def names(text: str, language: str, most: int = 10) -> list[str]:
    return [word.name for word in keywords_of(text, language, most)]


@pytest.mark.parametrize(
    ("texts", "keyword"),
    [
        ([("The HIVES stand here.", "en"), ("A hive stands here.", "en"), ("Hive stands", "und")], "hive"),
        ([("使用 Containers 部署服务。蜂蜜容器。", "zh"), ("The container is deployed.", "en")], "container"),
        ([("このContainersは便利です。とても便利なのです。", "ja"), ("A container.", "en")], "container"),
        ([("L'affinage du fromage", "fr"), ("un affinage long", "fr")], "affinage"),
        ([("dell'albero", "it"), ("un albero", "it")], "albero"),
        ([("벌통을 살핀다", "ko"), ("벌통에서 나온다", "ko"), ("벌통 하나", "ko")], "벌통"),
        ([("ﾐﾂﾊﾞﾁが飛びます。ハチです。", "ja"), ("ミツバチは巣にいます。", "ja")], "ミツバチ"),
        ([("عمل النَّحْل", "ar"), ("خلية النحل", "ar")], "النحل"),
    ],
)
def test_a_word_meets_itself_in_one_keyword_across_texts(texts, keyword):
    for text, language in texts:
        assert keyword in names(text, language)


def test_korean_phrases_keep_their_spaces():
    assert joined(("꿀벌", "벌통")) == "꿀벌 벌통"
    assert joined(("蜂蜜", "市场")) == "蜂蜜市场"


def test_japanese_words_are_runs_of_one_script_without_those_of_no_topic():
    text = "養蜂家は春に巣箱を調べ、ミツバチの女王蜂を探します。この場合、養蜂家は巣箱を開けます。"
    found = names(text, "ja")
    assert found[:2] == ["養蜂家", "巣箱"]
    assert {"女王蜂", "ミツバチ"} <= set(found)


def test_thai_is_divided_at_its_words_of_grammar():
    text = "ผึ้งงานเก็บน้ำหวานและทำน้ำผึ้ง น้ำผึ้งของผึ้งงานมีรสหวาน"
    terms = [term for term in terms_of(text, "th") if term]
    assert len(terms) > 3
    assert all(len(term) <= 20 for term in terms)
    assert not {"และ", "ของ"} & set(terms)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ru", "Пасечник осматривает улей. Улей стоит в саду, и в улье живут пчёлы. Улей деревянный."),
        ("el", "Η κυψέλη είναι ξύλινη. Η κυψέλη στέκει στον κήπο με τις μέλισσες."),
        ("ar", "الخلية خشبية. تقف الخلية في الحديقة ويعيش النحل في الخلية."),
        ("he", "הכוורת עשויה עץ. הכוורת עומדת בגן והדבורים חיות בתוך הכוורת."),
        ("hi", "मधुमक्खी छत्ते में रहती है। मधुमक्खी शहद बनाती है। छत्ते में रानी मधुमक्खी है।"),
        ("ko", "꿀벌은 벌통에 산다. 꿀벌은 꿀을 만든다. 꿀벌을 돌본다."),
        ("ka", "ფუტკარი სკაში ცხოვრობს. ფუტკარი თაფლს აკეთებს. ფუტკარი დაფრინავს."),
        ("km", "ឃ្មុំ រស់នៅ ក្នុង សំបុក។ ឃ្មុំ ធ្វើ ទឹកឃ្មុំ។"),
        ("und", "Ǝƙǝ ɓuǝ ɗiǝ ƙǝɓa. Ǝƙǝ ɗiǝ."),
    ],
)
def test_every_script_gives_keywords_and_the_most_frequent_word_is_among_the_first(language, text):
    found = keywords_of(text, language, 5)
    assert 1 <= len(found) <= 5
    assert found[0].weight == 1
    words = [normal_form(word) for word in text.replace(".", "").replace("।", "").replace("។", "").split()]
    most_frequent = max((word for word in words if len(word) > 2), key=words.count)
    assert any(most_frequent[:2] in keyword.name for keyword in found[:3])
