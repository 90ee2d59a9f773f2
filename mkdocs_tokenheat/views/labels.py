"""The labels of figures, in the languages that the package knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, reduce
from string import Formatter
from types import MappingProxyType
from typing import TYPE_CHECKING

from mkdocs_tokenheat.errors import TokenheatError, unknown
from mkdocs_tokenheat.scoring.metrics import METRICS
from mkdocs_tokenheat.scoring.scores import Note, Scores
from mkdocs_tokenheat.views.markup import escape, named, number, numbers

if TYPE_CHECKING:
    from mkdocs_tokenheat.views.scale import Scale

__all__ = [
    "LABELS",
    "Labels",
    "entry_notes",
    "expected",
    "labels_of",
    "language",
    "note",
    "read_labels",
    "said",
    "say",
]

Labels = Mapping[str, str]
"""A figure's labels by name, in one language."""

_METRIC_FIELDS = {"{unit}", "{vector}", "{target}"}

LABELS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "token": "token",
        "word": "word",
        "vector-input": "embedding",
        "vector-output": "output embedding",
        "vector-layer": "hidden state",
        "model": "model {name}",
        "models": "models {name}",
        "figure": "{what}, coloured from {low} to {high}",
        "range": "numbers from {smallest} to {largest}",
        "clipped": "numbers outside the scale have the colour of its end",
        "shared": "one scale for the blocks “{name}” on this page",
        "hatched": "hatched: not on the scale",
        "underlined": "the thicker the line, the larger the number",
        "no-numbers": "no numbers",
        "none": "no number",
        "vocabulary": "the colour is the percentile among all tokens that the model knows",
        "muted": "grey: what a random order of the same {unit}s also gives, up to {threshold}, the "
        "95 % quantile of its largest number; standing out: {count}; expected by chance: {chance}",
        "no-baseline": "too few numbers for a baseline",
        "view-matrix": "Cosine similarity of each word's {vector} with every other word's",
        "view-neighbours": "The vocabulary's tokens nearest to each word, "
        "by cosine similarity of {vector}s",
        "view-distribution": "Distribution of the cosine similarity of random tokens' "
        "{vector}s, and where the marked pairs lie",
        "random-pairs": "Bars: {count} random pairs of tokens, with mean {mean} and standard "
        "deviation {deviation}. Dashed: the distribution for random directions in {dimensions} "
        "dimensions, N(0, 1/{dimensions}), with mean 0 and standard deviation 1/√{dimensions} = "
        "{expected}.",
        "random": "random pairs",
        "below": "{share} % below",
        "eigenvalues": "Largest eigenvalues, with their share of the trace ({trace}): {values}.",
        "similarity": "Representational similarity: how far the models agree on which of the "
        "text's words are alike. It correlates the cosines of all pairs of different words; a "
        "word's {vector} is the mean of its tokens'. p is one-sided, from a Mantel test with "
        "{permutations} permutations of the words.",
        "similarity-of": "{first} and {second}: Spearman {spearman} (p = {p_spearman}), "
        "Pearson {pearson} (p = {p_pearson}), over {words} words.",
        "similarity-few": "{first} and {second}: only {words} different words are known to both, "
        "too few for representational similarity, which needs {least}.",
        "similarity-constant": "{first} and {second}: no representational similarity, because in one of them "
        "all pairs of words have the same cosine.",
        "similarity-cut": "Only the first {words} different words are compared.",
        "centred": "The vocabulary's mean is subtracted from each vector (center).",
        "all-but-the-top": "The vocabulary's mean and the first {0} of its principal components "
        "are removed from each vector (all-but-the-top).",
        "unknown": "not in the model's vocabulary",
        "table": "All numbers as a table",
        "column-token": "Token",
        "column-word": "Word",
        "column-entry": "Word",
        "column-score": "Number",
        "column-neighbour": "Nearest token",
        "column-cosine": "Cosine",
        "column-pair": "Pair",
        "column-random": "Random pairs",
        "nothing-shown": "(no text)",
        "target-pooled": "The target is the mean of its {0} tokens.",
        "words-pooled": "A word of several tokens is represented by their mean.",
        "entries-pooled": "A word of several tokens is represented by their mean.",
        "accents-dropped": "This model's tokenizer drops accents: má, mà and ma are the same to it.",
        "decomposed": "Some letters are decomposed (NFD): a model may tokenize them differently "
        "from composed ones (NFC), which look the same.",
        "column-expected": "Expected",
        "first": "first position, left out of the scale",
        "causal": "Each is predicted only from the text before it.",
        "after-bos": "A beginning-of-sequence token (BOS) comes before the text.",
        "masked": "The model sees the text on both sides, but neither the token "
        "nor those after it in its word (pseudo-likelihood).",
        "word-probability": "A word's probability is the product of its tokens'; "
        "the probability that the word ends there is not included.",
        "word-surprisal": "A word's surprisal is the sum of its tokens'; "
        "the probability that the word ends there is not included.",
        "windows": "The text is longer than the model's window, so overlapping windows are scored.",
        "layer": "The vectors are hidden states of layer {0} of {1}.",
        "words-last": "A word of several tokens is represented by the last one.",
        "target-token": "The target is encoded on its own.",
        "target-alone": "The target is encoded on its own, as the mean of its {0} tokens.",
        "target-last": "The target is encoded on its own, as the last of its {0} tokens.",
        "tied": "Output embeddings, which in this model are the input embeddings (tied).",
        "untied": "Output embeddings, which this model keeps separate from the input embeddings.",
        "error": "This heatmap cannot be shown",
    },
    "vi": {
        "token": "token",
        "word": "tiếng",
        "vector-input": "vector nhúng",
        "vector-output": "vector nhúng đầu ra",
        "vector-layer": "trạng thái ẩn",
        "model": "mô hình {name}",
        "models": "các mô hình {name}",
        "figure": "{what}, tô màu từ {low} đến {high}",
        "range": "giá trị từ {smallest} đến {largest}",
        "clipped": "giá trị nằm ngoài thang được tô bằng màu ở đầu thang",
        "shared": "thang màu chung cho các khối “{name}” của trang này",
        "hatched": "gạch chéo: không nằm trên thang màu",
        "underlined": "nét gạch càng dày thì giá trị càng lớn",
        "no-numbers": "không có giá trị nào",
        "none": "không có giá trị",
        "vocabulary": "màu là phân vị trong toàn bộ từ vựng của mô hình",
        "muted": "xám: xáo ngẫu nhiên chính các {unit} này cũng đạt tới {threshold} (phân vị 95 % của "
        "giá trị lớn nhất mỗi lần xáo); số ô vượt ngưỡng: {count}; kỳ vọng nếu chỉ do ngẫu nhiên: "
        "{chance}",
        "no-baseline": "không đủ giá trị để so với thứ tự ngẫu nhiên",
        "view-matrix": "Độ tương đồng cosine giữa {vector} của từng cặp từ",
        "view-neighbours": "Những token trong từ vựng gần mỗi từ nhất, "
        "theo độ tương đồng cosine giữa các {vector}",
        "view-distribution": "Phân bố độ tương đồng cosine giữa {vector} của các token ngẫu "
        "nhiên, và vị trí của các cặp được đánh dấu",
        "random-pairs": "Cột: {count} cặp token ngẫu nhiên, trung bình {mean}, độ lệch chuẩn "
        "{deviation}. Nét đứt: phân bố lý thuyết của các vector có hướng ngẫu nhiên trong không gian "
        "{dimensions} chiều, N(0, 1/{dimensions}), với trung bình 0 và độ lệch chuẩn 1/√{dimensions} = {expected}.",
        "random": "cặp ngẫu nhiên",
        "below": "lớn hơn {share} % số cặp",
        "eigenvalues": "Các trị riêng lớn nhất, kèm tỉ lệ trong vết (bằng {trace}): {values}.",
        "similarity": "Độ tương đồng biểu diễn: các mô hình nhất trí đến đâu về việc những tiếng "
        "nào trong văn bản giống nhau. Tương quan được tính giữa hai dãy cosine (mỗi mô hình một dãy) "
        "của mọi cặp tiếng khác nhau, mỗi tiếng tính bằng trung bình {vector} của các token tạo nên nó; p một phía, theo kiểm "
        "định Mantel với {permutations} hoán vị các tiếng.",
        "similarity-of": "{first} và {second}: Spearman {spearman} (p = {p_spearman}), "
        "Pearson {pearson} (p = {p_pearson}), trên {words} tiếng.",
        "similarity-few": "{first} và {second}: chỉ có {words} tiếng khác nhau mà cả hai đều biết, quá ít để "
        "tính độ tương đồng biểu diễn (cần ít nhất {least}).",
        "similarity-constant": "{first} và {second}: không có độ tương đồng biểu diễn, vì ở một trong hai mô "
        "hình mọi cặp tiếng có cùng một cosine.",
        "similarity-cut": "Chỉ so sánh {words} tiếng khác nhau đầu tiên.",
        "centred": "Mỗi vector đã được trừ đi vector trung bình của từ vựng (center).",
        "all-but-the-top": "Mỗi vector đã được trừ đi vector trung bình của từ vựng và loại bỏ "
        "thành phần theo {0} hướng chính (all-but-the-top).",
        "unknown": "không có trong từ vựng của mô hình",
        "table": "Bảng toàn bộ giá trị",
        "column-token": "Token",
        "column-word": "Tiếng",
        "column-entry": "Từ",
        "column-score": "Giá trị",
        "column-neighbour": "Token gần nhất",
        "column-cosine": "Cosine",
        "column-pair": "Cặp từ",
        "column-random": "Cặp ngẫu nhiên",
        "nothing-shown": "(văn bản trống)",
        "target-pooled": "Vector đích là trung bình vector của {0} token tạo nên từ đích.",
        "words-pooled": "Tiếng gồm nhiều token được tính bằng trung bình của các token ấy.",
        "entries-pooled": "Từ gồm nhiều token được tính bằng trung bình của các token ấy.",
        "accents-dropped": "Bộ tách token của mô hình này bỏ dấu: má, mà và ma là như nhau đối với nó.",
        "decomposed": "Một số chữ ở dạng tách dấu (NFD): mô hình có thể cắt chúng khác với dạng dựng "
        "sẵn (NFC) trông y hệt.",
        "column-expected": "Mô hình dự đoán",
        "first": "vị trí đầu tiên, không tính vào thang màu",
        "causal": "Mỗi giá trị chỉ dựa vào phần văn bản đứng trước.",
        "after-bos": "Trước văn bản có một token mở đầu (BOS).",
        "masked": "Mô hình thấy văn bản ở cả hai phía, nhưng không thấy token ấy "
        "lẫn các token sau nó trong cùng tiếng (pseudo-likelihood).",
        "word-probability": "Xác suất của một tiếng là tích xác suất các token tạo nên nó; "
        "không tính xác suất để tiếng kết thúc tại đó.",
        "word-surprisal": "Độ bất ngờ của một tiếng là tổng độ bất ngờ của các token tạo nên nó; "
        "không tính xác suất để tiếng kết thúc tại đó.",
        "windows": "Văn bản dài hơn cửa sổ của mô hình nên được tính theo các cửa sổ gối lên nhau.",
        "layer": "Vector ở đây là trạng thái ẩn của tầng {0} trong tổng số {1} tầng.",
        "words-last": "Tiếng gồm nhiều token được lấy theo token cuối.",
        "target-token": "Từ đích được đưa riêng qua mô hình, không nằm trong văn bản.",
        "target-alone": "Từ đích được đưa riêng qua mô hình; vector của nó là trung bình của {0} token.",
        "target-last": "Từ đích được đưa riêng qua mô hình; vector của nó là của token cuối trong {0} token.",
        "tied": "Vector nhúng đầu ra, ở mô hình này cũng là vector nhúng đầu vào (tied).",
        "untied": "Vector nhúng đầu ra, tách riêng khỏi vector nhúng đầu vào.",
        "error": "Không hiển thị được bản đồ nhiệt này",
    },
}


_BETWEEN_SPACES = {"vi": ("tiếng", "từ")}
"""Text between spaces is a syllable in the language itself, and a word in others."""


def labels_of(
    lang: str | None, own: Mapping[str, Labels] = MappingProxyType({}), text: str | None = None
) -> Labels:
    """The labels for a site in that language: its own on top of those of the package.

    Labels missing in the language are English. The label `lang` is their language.

    Parameters:
        text: The language of the text that they describe; by default their own.
    """
    tag = _tag(lang or "en")
    found: dict[str, str] = {}
    for each in dict.fromkeys(("en", language(tag), tag)):
        if each in _shipped() or each in own:
            shipped = _shipped().get(each, {})
            if each in _BETWEEN_SPACES and text and language(text) != each:
                shipped = _renamed(shipped, *_BETWEEN_SPACES[each])
            found.update(shipped)
            found.update(own.get(each, {}))
            found["lang"] = each
    return found


def _renamed(labels: Labels, old: str, new: str) -> Labels:
    names = (old, new), (old.capitalize(), new.capitalize())
    return {
        label: reduce(lambda said, name: said.replace(*name), names, text)
        for label, text in labels.items()
    }


def _tag(lang: str) -> str:
    return lang.replace("_", "-").lower()


def language(lang: str) -> str:
    """The language of a tag: `pt` for `pt-BR` and `pt_BR`."""
    return _tag(lang).partition("-")[0]


@cache
def _shipped() -> Mapping[str, Labels]:
    return {
        lang: {
            **labels,
            **{f"metric-{m.name}": m.labels.get(lang, m.labels["en"]) for m in METRICS.values()},
        }
        for lang, labels in LABELS.items()
    }


def read_labels(given: object) -> dict[str, Labels]:
    """A site's own labels: for each language, some of the labels by name.

    Raises:
        TokenheatError: An unknown label, or an invalid text for it.
    """
    if not isinstance(given, Mapping):
        raise TokenheatError("setting 'labels' takes languages with labels: de: {table: Tabelle}")
    own: dict[str, Labels] = {}
    for lang, labels in given.items():
        if not isinstance(lang, str):  # YAML reads the Norwegian `no` as false.
            raise TokenheatError(f"setting 'labels': put the language '{lang}' in quotes")
        if not isinstance(labels, Mapping):
            raise TokenheatError(f"setting 'labels': '{lang}' takes labels such as table: Tabelle")
        for name, text in labels.items():
            _check(f"setting 'labels', '{lang}'", str(name), text)
        own[_tag(lang)] = {str(name): str(text) for name, text in labels.items()}
    return own


def _check(place: str, name: str, text: object) -> None:
    known = _shipped()["en"]
    if name not in known:
        raise TokenheatError(f"{place}: {unknown('label', name, known)}")
    if not isinstance(text, str) or not text.strip():
        raise TokenheatError(f"{place}: label '{name}' takes a string")
    fields = _fields(known[name]) | (_METRIC_FIELDS if name.startswith("metric-") else set())
    try:
        wrong = sorted(_fields(text) - fields)
    except ValueError:
        raise TokenheatError(f"{place}: label '{name}' has an unmatched brace") from None
    if wrong:
        takes = " and ".join(sorted(fields)) or "nothing in braces"
        raise TokenheatError(f"{place}: label '{name}' has '{wrong[0]}', but takes {takes}")


def _fields(text: str) -> set[str]:
    """The replacement fields, as written."""
    found = set()
    for _, field, form, conversion in Formatter().parse(text):
        if field is not None:
            more = (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
            found.add(f"{{{field}{more}}}")
    return found


def say(labels: Labels, label: str, **parts: str) -> str:
    """A label with its fields filled in, escaped."""
    return escape(labels[label].format(**parts))


def note(labels: Labels, noted: Note) -> str:
    """The text of a note of the scores, escaped; empty if the note is unknown."""
    name, *parts = noted
    label = labels.get(str(name), "")
    try:
        return escape(label.format(*parts, *[""] * 3))
    except KeyError:  # The label of something else, with other fields.
        return ""


def entry_notes(labels: Labels, noted: Iterable[Note]) -> list[str]:
    """The texts of notes on the words of a list, which may be longer than a text's words."""
    lists = {**labels, "words-pooled": labels["entries-pooled"]}
    return [note(lists, each) for each in noted]


def said(scores: Scores, labels: Labels, scale: Scale | None = None) -> list[str]:
    """For each unit, its number in words or why it has none, escaped."""
    none = say(labels, "none")
    known = [score for score in scores.scores if score is not None]
    words = scale.said(known) if scale else numbers(known)
    if len(words) < len(scores.scores):
        each = iter(words)
        words = [none if score is None else next(each) for score in scores.scores]
    for i in scores.unknown:
        words[i] = say(labels, "unknown")
    for i in scores.aside:
        words[i] = f"{words[i]} ({say(labels, 'first')})"
    return words


def expected(scores: Scores) -> list[str]:
    """For each unit, what the model expected there, escaped."""
    return [
        ", ".join(f"“{escape(named(text))}” {number(share)}" for text, share in each)
        for each in scores.expected
    ]
