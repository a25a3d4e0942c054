"""Words that carry no topic, by language, loaded once."""

from functools import cache

import stopwordsiso

LISTED = frozenset(stopwordsiso.langs())
"""Languages with a list of their own."""
# In the English list, but what a document may well be about.
_TOPICS = frozenset(
    {"computer", "fire", "home", "mill", "mine", "page", "room", "site", "state", "system", "text", "web", "world"}
)
# Not in the English list, and never a topic: time words, words about the document itself, general verbs and adjectives.
_EMPTY_ENGLISH = """
    january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday
    today tomorrow yesterday morning evening afternoon hour hours minute minutes day days week weeks month months
    figure table section chapter example examples http https www com org html
    bring brings brought carry carries carried become grow grows grew grown leave leaves left stay stays
    stand stands stood build builds built hold holds held run runs running lie lies begin begins reach reaches reached
    change changes need needs mean means lose loses lost hang hangs hear look looks watch watches move moves turn turns
    add adds cover covers fall falls fill fills start starts stop stops happen happens follow follows remain remains
    easy hard simple strong weak heavy dark bright warm cold cool dry wet fresh common main clear ready slow fast quick
    single double half third whole entire short tall deep wide narrow close careful different important possible useful
    kind lot lots piece bit way ways time times amount reason form sort type set rest pair row end ends
    sit sat sitting draw drew drawn drawing fail failed failing prepare prepared preparing kill killed killing survive
    survived feel felt feeling call called climb climbed enter entered check checked checking cleared closed opened
    protect protected choose chose chosen choosing marked placed removed moved moving eat ate eaten lay laid laying live
    lived living die died dying meet met prevent prevented tell told heard raise raised raising collect collected finish
    finished arrive arrived return returned try tried appear wait waited speak spoke walk walked pull pulled push pushed
    receive received send sent produce produced provide provided require required include included contain contained
    allow allowed create created continue continued describe described decide decided explain explained
    people person man woman men women metre metres meter meters kilometre kilogram kilograms centimetre litre degrees
"""
_EMPTY_CHINESE = """
    使用 时候 方式 情况 问题 部分 方面 内容 例子 时间 地方 东西 参考 以下 以上 之后 之前 这些 那些 一个 我们 你们 他们
    可能 需要 通过 进行 其中 其他 其它 上面 下面 里面 过程 作用 结果 办法 方法 样子 左右 季节
"""


@cache
def stopwords(language: str) -> frozenset[str]:
    """Return the stop words of the language and of English, whose words occur in texts of all languages."""
    words = _listed("en") - _TOPICS | frozenset(_EMPTY_ENGLISH.split())
    if language != "en":
        words |= _listed(language)
    if language == "zh":
        words |= frozenset(_EMPTY_CHINESE.split())
    return words


@cache
def all_stopwords() -> frozenset[str]:
    """Return the stop words of all languages."""
    return frozenset(word for language in LISTED for word in _listed(language))


def _listed(language: str) -> frozenset[str]:
    return frozenset(stopwordsiso.stopwords(language)) if language in LISTED else frozenset()
