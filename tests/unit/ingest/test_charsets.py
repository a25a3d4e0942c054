import pytest

from service.errors import NoTextError, UnsupportedMediaTypeError
from service.ingest.charsets import decode
from tests.unit.ingest.builders import prepared

CHINESE = "中文编码测试：这是一个使用国标编码的文本文件，用于检测能否识别。养蜂人每周检查蜂箱里的王台。" * 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"])
def test_chinese_text_is_read_in_any_charset_that_it_comes_in(encoding):
    assert decode(CHINESE.encode(encoding)) == CHINESE


@pytest.mark.parametrize("name", ["gb2312", "GBK", "gb18030"])
def test_a_declared_chinese_charset_is_read_as_its_successor(name):
    # Given a character that GB 2312 does not have
    text = CHINESE + "镕"
    assert decode(text.encode("gb18030"), name) == text


def test_the_charset_of_a_page_is_found_in_its_meta_element():
    page = f'<html><head><meta charset="gb2312"><title>蜂箱</title></head><body><p>{CHINESE}</p></body></html>'
    document = prepared(page.encode("gb18030"))
    assert document.title == "蜂箱"
    assert document.chunks[0].text == CHINESE


def test_the_declared_charset_of_a_text_event_is_not_true_any_more():
    # Given characters that JSON carried, and a media type from before
    assert prepared("Grüße aus dem Bienenhaus", "text/plain; charset=iso-8859-1").chunks[0].text.startswith("Grüße")


def test_a_page_that_claims_to_be_utf_16_in_plain_bytes_is_not():
    assert decode(b'<meta charset="utf-16">Bees', html=True).endswith("Bees")


@pytest.mark.parametrize("name", ["no-such-charset", "unicode_escape", "rot13", "hex"])
def test_an_unknown_charset_is_ignored(name):
    assert decode(rb"Bees \ud800", name) == r"Bees \ud800"


def test_line_ends_are_one_character():
    assert decode(b"a\r\nb\rc\n\0") == "a\nb\nc\n"


def test_latin_text_without_a_declared_charset_is_guessed():
    text = "Die Bienen fliegen über die Wiese und hören das Gewitter früh. " * 10
    assert "über die Wiese" in decode(text.encode("latin-1"))


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(UnsupportedMediaTypeError):
        decode(bytes(range(128, 256)) * 64 + b"\0\1\2" * 500)


@pytest.mark.parametrize("content", ["   \n\t", "\ufeff", "<html><body><script>x()</script></body></html>"])
def test_a_document_without_a_word_is_refused(content):
    with pytest.raises(NoTextError):
        prepared(content)


SAMPLES = {
    "zh-CN": (
        "蜜蜂住在蜂箱里。工蜂采集花蜜，带回蜂巢，酿成蜂蜜。"
        "蜂王每天产卵，雄蜂与她交配。养蜂人春天检查蜂箱，夏天收获蜂蜜。"
    ),
    "zh-TW": (
        "蜜蜂住在蜂箱裡。工蜂採集花蜜，帶回蜂巢，釀成蜂蜜。"
        "蜂王每天產卵，雄蜂與她交配。養蜂人春天檢查蜂箱，夏天收穫蜂蜜。"
    ),
    "ja": "ミツバチは巣箱に住んでいます。働き蜂は花の蜜を集めて巣に持ち帰り、蜂蜜を作ります。女王蜂は毎日産卵。",
    "ko": ("꿀벌은 벌통에 산다. 일벌은 꽃의 꿀을 모아 벌집으로 가져와 꿀을 만든다. 여왕벌은 매일 알을 낳는다."),
    "ru": (
        "Пчёлы живут в улье. Рабочие пчёлы собирают нектар и делают из него мёд. Матка каждый день откладывает яйца."
    ),
    "de": (
        "Über die Wiese fliegen die Bienen, früh und spät. Die Königin legt "
        "täglich Eier, und die Arbeiterinnen füttern."
    ),
    "pl": (
        "Pszczoły żyją w ulu. Robotnice zbierają nektar i wytwarzają miód. "
        "Pszczelarz wiosną przegląda ule i się cieszy."
    ),
    "tr": (
        "Arılar kovanda yaşar. İşçi arılar çiçeklerden nektar toplar ve bal yapar. "
        "Ana arı her gün bir kovanda yumurtlar."
    ),
    "el": (
        "Οι μέλισσες ζουν στην κυψέλη. Οι εργάτριες μαζεύουν νέκταρ και φτιάχνουν μέλι. Η βασίλισσα γεννά κάθε μέρα."
    ),
    "ar": (
        "يعيش النحل في الخلية. تجمع العاملات الرحيق وتصنع العسل. تضع الملكة البيض "
        "كل يوم، ويفحص النحال الخلايا في الربيع."
    ),
    "he": (
        "הדבורים חיות בכוורת. הפועלות אוספות צוף ומייצרות דבש. המלכה מטילה ביצים בכל יום והכוורן בודק את הכוורות באביב."
    ),
    "th": ("ผึ้งอาศัยอยู่ในรัง ผึ้งงานเก็บน้ำหวานและทำน้ำผึ้ง นางพญาวางไข่ทุกวัน"),
    "en": (
        "Bees live in the hive. Workers gather nectar and make honey. The queen "
        "lays eggs every day, and the keeper looks."
    ),
}
CHARSETS = {
    "zh-CN": ["gb18030", "gbk", "gb2312", "utf-16-le", "utf-16-be"],
    "zh-TW": ["big5", "utf-16-le", "utf-16-be"],
    "ja": ["shift_jis", "cp932", "euc-jp", "iso2022_jp", "utf-16-le", "utf-16-be"],
    "ko": ["euc-kr", "cp949", "utf-16-le", "utf-16-be"],
    "ru": ["cp1251", "koi8-r", "iso8859-5", "utf-16-le", "utf-16-be"],
    "de": ["cp1252", "latin-1", "utf-16-le"],
    "pl": ["cp1250", "iso8859-2", "utf-16-be"],
    "tr": ["cp1254", "utf-16-le"],
    "el": ["cp1253", "iso8859-7"],
    "ar": ["cp1256"],
    "he": ["cp1255"],
    "th": ["cp874", "utf-16-le"],
    "en": ["utf-16-le", "utf-16-be", "ascii"],
}
PAIRS = [(language, charset) for language, charsets in CHARSETS.items() for charset in charsets]


@pytest.mark.parametrize(("language", "charset"), PAIRS)
def test_text_in_a_charset_that_nobody_declares_is_read(language, charset):
    assert decode(SAMPLES[language].encode(charset)) == SAMPLES[language]


@pytest.mark.parametrize(("language", "charset"), PAIRS)
def test_text_in_a_declared_charset_is_read(language, charset):
    assert decode(SAMPLES[language].encode(charset), charset) == SAMPLES[language]


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("language", SAMPLES)
def test_a_byte_order_mark_wins_over_a_wrong_declaration(language, charset):
    assert decode(SAMPLES[language].encode(charset), "iso-8859-1") == SAMPLES[language]


@pytest.mark.parametrize(
    ("text", "charset", "declared"),
    [
        ("①㈱髙", "cp932", "shift_jis"),
        ("①㈱", "cp932", "x-sjis"),
        ("똠방각하", "cp949", "ks_c_5601-1987"),
        ("“quoted” €", "cp1252", "iso-8859-1"),
        ("啫喱", "big5hkscs", "Big5"),
        ("蜂", "euc_jp", "x-euc-jp"),
    ],
)
def test_a_declared_charset_is_read_as_what_people_mean_by_it(text, charset, declared):
    assert decode(text.encode(charset), declared) == text


def test_a_damaged_byte_does_not_turn_the_whole_text_into_another_charset():
    damaged = SAMPLES["ru"].encode() * 20 + b"\xff" + SAMPLES["ru"].encode()
    assert decode(damaged) == SAMPLES["ru"] * 20 + "\ufffd" + SAMPLES["ru"]
    chinese = SAMPLES["zh-CN"].encode("gb18030") * 20
    assert decode(chinese[:-1], "gb2312").startswith(SAMPLES["zh-CN"] * 19)


def test_a_wrong_declaration_is_found_out_by_utf_8():
    assert decode(SAMPLES["zh-CN"].encode(), "big5") == SAMPLES["zh-CN"]
    assert decode(SAMPLES["ru"].encode(), "us-ascii") == SAMPLES["ru"]
    for server_default in ("iso-8859-1", "windows-1252"):
        assert decode(SAMPLES["ru"].encode(), server_default) == SAMPLES["ru"]
        assert decode(SAMPLES["de"].encode("cp1252"), server_default) == SAMPLES["de"]
