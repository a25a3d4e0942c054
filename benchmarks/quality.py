"""How good keywords and languages are: what the service finds, beside what we wrote on the index cards of our texts.

`make quality` runs it. The figures depend on nothing but the code and `tests/data`, so they are the same everywhere.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from service.ingest.language import UNKNOWN, language_of
from service.ingest.options import IngestOptions
from service.ingest.preparation import prepare
from service.ingest.source import Source
from tests.corpus.labelled import LabelledText, labelled_texts, sentences

RESULTS = Path(__file__).parent / "results" / "quality.md"
GROUPS = {
    "English": ("en",),
    "other European languages in Latin script, Turkish": ("de", "es", "fr", "it", "nl", "pl", "pt", "sv", "tr"),
    "Chinese": ("zh",),
    "Japanese": ("ja",),
    "Russian, Arabic, Korean": ("ru", "ar", "ko"),
}


@dataclass(frozen=True, slots=True)
class Score:
    """How much of what was found is right, and how much of what is right was found."""

    precision: float
    recall: float


def main() -> None:
    texts = labelled_texts()
    report = "\n".join([*keyword_table(texts), "", *language_table()])
    print(report)
    print()
    for text in texts:
        score = keyword_score(text)
        print(f"{text.name:18} {score.precision:.2f} {score.recall:.2f}  {', '.join(found_keywords(text))}")
        print(f"{'':28}  missed: {', '.join(sorted('|'.join(sorted(each)) for each in missed(text)))}")
    for language, wrong in mistakes().items():
        print(f"{language}: {'; '.join(wrong)}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(f"<!-- written by `make quality` -->\n{report}\n", encoding="utf-8")


def found_keywords(text: LabelledText) -> list[str]:
    """Return the document's ten heaviest keywords: the sum of their weights over its chunks."""
    document = prepare(Source(text.name, text.text.encode(), "text/markdown"), IngestOptions())
    weights: Counter[str] = Counter()
    for chunk in document.chunks:
        for keyword in chunk.keywords:
            weights[keyword.name] += keyword.weight
    return [name for name, _ in weights.most_common(10)]


def most_said(text: LabelledText) -> list[str]:
    """Return the ten longer words that are said most: what one gets without knowing any language."""
    shortest = 4
    words = "".join(each if each.isalnum() else " " for each in text.text.lower()).split()
    return [word for word, _ in Counter(word for word in words if len(word) >= shortest).most_common(10)]


def score_of(found: Iterable[str], text: LabelledText) -> Score:
    """Compare with the card; a keyword is right when it is the same phrase."""
    found = list(found)
    right = sum(any(name in forms for forms in text.keywords) for name in found)
    met = sum(any(name in forms for name in found) for forms in text.keywords)
    return Score(right / len(found) if found else 0.0, met / len(text.keywords))


def keyword_score(text: LabelledText) -> Score:
    return score_of(found_keywords(text), text)


def missed(text: LabelledText) -> list[frozenset[str]]:
    found = found_keywords(text)
    return [forms for forms in text.keywords if not forms & set(found)]


def keyword_table(texts: list[LabelledText]) -> list[str]:
    lines = [
        "| texts in | how many | precision | recall | most frequent words: precision | recall |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for group, languages in [*GROUPS.items(), ("all", tuple({text.language for text in texts}))]:
        chosen = [text for text in texts if text.language in languages]
        ours = [keyword_score(text) for text in chosen]
        plain = [score_of(most_said(text), text) for text in chosen]
        figures = [mean(getattr(score, name) for score in side) for side in (ours, plain) for name in Score.__slots__]
        lines.append(f"| {group} | {len(chosen)} | {' | '.join(f'{figure:.2f}' for figure in figures)} |")
    return lines


def language_table() -> list[str]:
    lines = ["| sample | samples | right | wrong | left open (`und`) |", "|---|---:|---:|---:|---:|"]
    for name, samples in samples_by_length().items():
        answers = [(language, language_of(sample)) for language, sample in samples]
        right = sum(language == answer for language, answer in answers)
        left = sum(answer == UNKNOWN for _, answer in answers)
        lines.append(f"| {name} | {len(answers)} | {right} | {len(answers) - right - left} | {left} |")
    return lines


def samples_by_length() -> dict[str, list[tuple[str, str]]]:
    """Return samples with their language, by how much there is to go by."""
    known = sentences()
    return {
        "one sentence": [(language, sentence) for language, said in known.items() for sentence in said],
        "four sentences": [(language, " ".join(said)) for language, said in known.items()],
        "a page": [(text.language, text.text) for text in labelled_texts()],
    }


def mistakes() -> dict[str, list[str]]:
    """Return what was told wrong, by the language it is in."""
    wrong: dict[str, list[str]] = {}
    for name, samples in samples_by_length().items():
        for language, sample in samples:
            if (answer := language_of(sample)) != language:
                wrong.setdefault(language, []).append(f"{name} as {answer}")
    return wrong


if __name__ == "__main__":
    main()
