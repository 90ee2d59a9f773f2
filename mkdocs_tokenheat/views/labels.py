"""The words that a figure says by itself, in the languages that it knows."""

from __future__ import annotations

from collections.abc import Mapping

from mkdocs_tokenheat.scoring.scores import Note, Scores
from mkdocs_tokenheat.views.markup import escape, number

__all__ = ["LABELS", "expected", "language", "note", "said", "say"]

LABELS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "token": "token",
        "word": "word",
        "model": "model {name}",
        "scale": "Scale",
        "range": "numbers from {smallest} to {largest}",
        "shared": "scale shared with “{name}”",
        "no-numbers": "no numbers",
        "none": "no number",
        "unknown": "not in the model's vocabulary",
        "table": "All numbers as a table",
        "column-token": "Token",
        "column-word": "Word",
        "column-score": "Number",
        "nothing-shown": "(no text)",
        "target-pooled": "The target is the mean of its {0} tokens.",
        "words-pooled": "A word of several tokens counts with their mean.",
        "accents-dropped": "This model's tokenizer drops accents: má, mà and ma are one to it.",
        "column-expected": "Expected",
        "first": "first position, left out of the scale",
        "causal": "Each is expected from the text before it alone.",
        "after-bos": "A token for the beginning (BOS) comes before the text.",
        "masked": "The model sees the text on both sides, but neither the token "
        "nor the rest of its word (pseudo-likelihood).",
        "word-probability": "A word's probability is the product of its tokens'; "
        "that the word ends there is not priced in.",
        "word-surprisal": "A word's surprisal is the sum of its tokens'; "
        "that the word ends there is not priced in.",
        "windows": "The text is longer than the model's window: overlapping windows are scored.",
        "layer": "Hidden states of layer {0} of {1}.",
        "words-last": "A word of several tokens counts with its last one.",
        "target-alone": "The target is taken alone, as the mean of its {0} tokens.",
        "tied": "Output embeddings, which in this model are the input embeddings (tied).",
        "untied": "Output embeddings, which this model keeps apart from the input embeddings.",
        "error": "This heatmap cannot be shown",
    },
    "vi": {
        "token": "token",
        "word": "tiếng",
        "model": "mô hình {name}",
        "scale": "Thang màu",
        "range": "các số từ {smallest} đến {largest}",
        "shared": "thang màu dùng chung “{name}”",
        "no-numbers": "không có số nào",
        "none": "không có số",
        "unknown": "không có trong từ vựng của mô hình",
        "table": "Bảng tất cả các số",
        "column-token": "Token",
        "column-word": "Tiếng",
        "column-score": "Số",
        "nothing-shown": "(không có chữ)",
        "target-pooled": "Từ đích là trung bình của {0} token tạo nên nó.",
        "words-pooled": "Tiếng gồm nhiều token được tính bằng trung bình của chúng.",
        "accents-dropped": "Bộ tách token của mô hình này bỏ dấu: má, mà và ma là một đối với nó.",
        "column-expected": "Mô hình chờ đợi",
        "first": "vị trí đầu tiên, không tính vào thang màu",
        "causal": "Mỗi số chỉ dựa vào phần văn bản đứng trước.",
        "after-bos": "Trước văn bản có một token mở đầu (BOS).",
        "masked": "Mô hình thấy văn bản ở cả hai phía, nhưng không thấy token ấy "
        "và phần còn lại của tiếng chứa nó (pseudo-likelihood).",
        "word-probability": "Xác suất của một tiếng là tích xác suất các token của nó; "
        "việc tiếng kết thúc ở đó không được tính.",
        "word-surprisal": "Độ bất ngờ của một tiếng là tổng của các token của nó; "
        "việc tiếng kết thúc ở đó không được tính.",
        "windows": "Văn bản dài hơn cửa sổ của mô hình: các cửa sổ chồng nhau được tính.",
        "layer": "Trạng thái ẩn của tầng {0} trên {1}.",
        "words-last": "Tiếng gồm nhiều token được tính bằng token cuối.",
        "target-alone": "Từ đích được tính riêng, là trung bình của {0} token của nó.",
        "tied": "Vector nhúng đầu ra, ở mô hình này cũng là vector nhúng đầu vào (tied).",
        "untied": "Vector nhúng đầu ra, tách riêng khỏi vector nhúng đầu vào.",
        "error": "Không hiển thị được bản đồ nhiệt này",
    },
}


def language(lang: str | None) -> str:
    """The language of the labels for a text or site in that language; English where none fits."""
    primary = (lang or "en").replace("_", "-").partition("-")[0].lower()
    return primary if primary in LABELS else "en"


def say(lang: str, label: str, **parts: str) -> str:
    """A label with its parts filled in, escaped."""
    return escape(LABELS[lang][label].format(**parts))


def note(lang: str, noted: Note) -> str:
    """What a note of the scores says, escaped; nothing where it is not known."""
    name, *parts = noted
    label = LABELS[lang].get(str(name), "")
    try:
        return escape(label.format(*parts, *[""] * 3))
    except KeyError:  # The label of something else, which has other parts.
        return ""


def said(scores: Scores, lang: str) -> list[str]:
    """For each unit its number in words, or why it has none, escaped."""
    words = [say(lang, "none") if score is None else number(score) for score in scores.scores]
    for i in scores.unknown:
        words[i] = say(lang, "unknown")
    for i in scores.aside:
        words[i] = f"{words[i]} ({say(lang, 'first')})"
    return words


def expected(scores: Scores) -> list[str]:
    """For each unit what the model expected there, escaped."""
    return [
        ", ".join(f"“{escape(text)}” {number(share)}" for text, share in each)
        for each in scores.expected
    ]
