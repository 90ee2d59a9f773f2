"""The words that a figure says by itself, in the languages that it knows."""

from __future__ import annotations

from collections.abc import Mapping

from mkdocs_tokenheat.scoring.scores import Note
from mkdocs_tokenheat.views.markup import escape

__all__ = ["LABELS", "language", "note", "say"]

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


def note(lang: str, said: Note) -> str:
    """What a note of the scores says, escaped; nothing where it is not known."""
    name, *parts = said
    label = LABELS[lang].get(str(name), "")
    try:
        return escape(label.format(*parts, *[""] * 3))
    except KeyError:  # The label of something else, which has other parts.
        return ""
