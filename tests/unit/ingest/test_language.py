import pytest
from hypothesis import given, settings, strategies as st

from service.ingest.language import language_of

SAMPLES = {
    "en": "The bees leave the hive in the morning and come back in the evening with nectar and pollen.",
    "de": "Die Bienen verlassen am Morgen den Stock und kommen am Abend mit Nektar und Pollen zurück.",
    "fr": "Les abeilles quittent la ruche le matin et reviennent le soir avec du nectar et du pollen.",
    "es": "Las abejas salen de la colmena por la mañana y vuelven por la tarde con néctar y polen.",
    "it": "Le api lasciano l'alveare al mattino e tornano la sera con il nettare e con il polline.",
    "nl": "De bijen vliegen 's ochtends uit de kast en zij komen 's avonds weer terug met nectar van het veld.",
    "pl": "Pszczoły wylatują rano z ula i wracają wieczorem z nektarem oraz z pyłkiem, bo jest im ciepło.",
    "ru": "Пчёлы вылетают из улья утром и возвращаются вечером, потому что они собирают нектар.",
    "zh": "蜜蜂早上离开蜂箱，傍晚带着花蜜和花粉回来。",
    "ja": "ミツバチは朝に巣箱を出て、夕方に花の蜜を持って帰ります。",
    "ko": "벌은 아침에 벌통을 떠나 저녁에 꿀을 가지고 돌아온다.",
    "el": "Οι μέλισσες φεύγουν από την κυψέλη το πρωί.",
    "th": "ผึ้งออกจากรังในตอนเช้า",
    "hi": "मधुमक्खियाँ सुबह छत्ते से निकलती हैं।",
}


@pytest.mark.parametrize(("language", "text"), SAMPLES.items())
def test_a_sentence_is_enough(language, text):
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text", ["", "4711 0815", "Xyzzy plugh frobnicate quux", "%$§ —", "Honey bees live in a hive."]
)
def test_what_cannot_be_told_is_und(text):
    assert language_of(text) == "und"


@pytest.mark.parametrize(("tag", "language"), [("de-AT", "de"), ("ZH-Hans", "zh"), ("en", "en"), ("gsw", "gsw")])
def test_a_given_tag_wins(tag, language):
    assert language_of(SAMPLES["fr"], tag) == language


@given(st.text(max_size=500))
@settings(max_examples=100, deadline=None)
def test_any_text_has_a_language_tag(text):
    assert 2 <= len(language_of(text)) <= 3


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Бджоли живуть у вулику, і матка щодня відкладає яйця.", "uk"),
        ("Пчёлы живут в улье, и матка каждый день откладывает яйца.", "ru"),
        ("Пчеле живе у кошници, а њихова матица леже јаја сваки дан.", "sr"),
        ("Пчолы жывуць у вуллі, і матка кожны дзень адкладае яйкі ў соты.", "be"),
        ("زنبورها در کندو زندگی می‌کنند و ملکه هر روز تخم می‌گذارد.", "fa"),
        ("شہد کی مکھیاں چھتے میں رہتی ہیں اور ملکہ ہر روز انڈے دیتی ہے۔", "ur"),
        ("يعيش النحل في الخلية وتضع الملكة البيض كل يوم.", "ar"),
        ("মৌমাছি মৌচাকে থাকে।", "bn"),
        ("தேனீக்கள் கூட்டில் வாழ்கின்றன.", "ta"),
        ("ფუტკარი სკაში ცხოვრობს.", "ka"),
        ("Մեղուները ապրում են փեթակում։", "hy"),
        ("ဗမာစာ ပျား", "my"),
        ("ንቦች በቀፎ ውስጥ ይኖራሉ።", "am"),
    ],
)
def test_a_script_or_its_own_letters_tell_the_language(text, language):
    assert language_of(text) == language


def test_what_a_document_says_of_itself_counts_only_where_its_text_says_nothing():
    assert language_of("12 | 34 | 56", None, "de-AT") == "de"
    assert language_of("The bees are in the hive and they make honey.", None, "fr") == "en"
    assert language_of("The bees are in the hive and they make honey.", "fr", "de") == "fr"
    for nonsense in ("english", "", "  ", "1", "x" * 1000):
        assert language_of("12 | 34 | 56", None, nonsense) == "und"
