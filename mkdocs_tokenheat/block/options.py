"""The table of options: their names, the values they take, and what they mean."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mkdocs_tokenheat.block.info import Raw, read_list
from mkdocs_tokenheat.block.text import clean
from mkdocs_tokenheat.errors import TokenheatError, unknown

__all__ = ["NAMES", "Numbers", "Options", "as_score", "read_options", "written"]

_MOST = 100
"""The limit on tokens or neighbours listed for each token, and on a target's characters."""
_MODELS = 6
"""How many models a page may compare."""
_TRANSFORM = re.compile(r"center|(all-but-the-top)(?::(\d{1,3}))?", re.ASCII)
Numbers = tuple[float | None, ...]


def _text(raw: Raw) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise TokenheatError("takes a string")
    return raw


def _number(raw: Raw) -> float:
    try:
        number = float(raw)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise TokenheatError("takes a number") from None
    if not math.isfinite(number):
        raise TokenheatError("takes a finite number")
    return number


def _flag(raw: Raw) -> bool:
    word = raw.lower() if isinstance(raw, str) else None
    if word in ("true", "yes", "on"):
        return True
    if word in ("false", "no", "off"):
        return False
    raise TokenheatError("takes true or false")


def _one_of(*choices: str) -> Callable[[Raw], str]:
    def read(raw: Raw) -> str:
        word = _text(raw)
        if word not in choices:
            raise TokenheatError(
                f"takes {' or '.join(choices)}, " + unknown("value", word, choices)
            )
        return word

    read.choices = choices  # type: ignore[attr-defined]
    return read


def _layer(raw: Raw) -> str:
    word = _text(raw)
    if word in ("input", "last") or (word.isdecimal() and word.isascii() and len(word) < 7):
        return str(int(word)) if word.isdecimal() else word
    raise TokenheatError("takes input, last or the number of a layer")


def _count(least: int, most: int = 999_999) -> Callable[[Raw], int]:
    takes = f"a whole number from {least} to {most}"

    def read(raw: Raw) -> int:
        word = _text(raw)
        # Longer numbers would take long to parse.
        is_count = word.isdecimal() and word.isascii() and len(word) < 7
        if not is_count or not least <= int(word) <= most:
            raise TokenheatError(f"takes {takes}")
        return int(word)

    read.takes = takes  # type: ignore[attr-defined]
    return read


def _words(raw: Raw) -> str:
    text = clean(_text(raw))
    if len(text) > _MOST:
        raise TokenheatError(f"takes a word or phrase of at most {_MOST} characters")
    return text


def _models(raw: Raw) -> str | tuple[str, ...]:
    if isinstance(raw, str) and not raw.lstrip().startswith("["):
        return _text(raw)
    names = _strings(raw)
    if len(names) > _MODELS:
        raise TokenheatError(f"takes at most {_MODELS} models")
    if len(set(names)) < len(names):
        raise TokenheatError("names a model twice")
    return names


def _transform(raw: Raw) -> str:
    word = _text(raw)
    found = _TRANSFORM.fullmatch(word)
    if found is None or (found[2] and not int(found[2])):
        raise TokenheatError("takes center, all-but-the-top, or all-but-the-top:D with a number D")
    # The paper's own number of components is the default.
    return word if found[1] is None or found[2] else f"{word}:3"


def _list(raw: Raw) -> list[str | None]:
    if isinstance(raw, str) and raw.lstrip().startswith("["):
        raw = read_list(raw)
    if not isinstance(raw, list) or not raw:
        raise TokenheatError("takes a list such as [a, b]")
    return raw


def _strings(raw: Raw) -> tuple[str, ...]:
    items = _list(raw)
    if any(item is None for item in items):
        raise TokenheatError("takes a list of strings: put what YAML reads as null in quotes")
    return tuple(item for item in items if item is not None)


def _numbers_or_file(raw: Raw) -> Numbers | str:
    if isinstance(raw, str) and not raw.lstrip().startswith("["):
        return _text(raw)
    return tuple(
        as_score(item, f"takes numbers: number {i}") for i, item in enumerate(_list(raw), 1)
    )


_YAML_FLOATS = {".nan": "nan", ".inf": "inf", "+.inf": "inf", "-.inf": "-inf"}


def as_score(item: object, what: str) -> float | None:
    """One of an author's own numbers; None for a missing one (a null or a NaN).

    Raises:
        TokenheatError: It is not a number, or infinite.
    """
    if item is None:
        return None
    if isinstance(item, str):
        item = _YAML_FLOATS.get(item.lower(), item)
    try:
        number = float(item)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        problem = f"'{str(item)[:40]}', which is not a number"
        raise TokenheatError(f"{what} is {problem}", option="values") from None
    if math.isinf(number):
        problem = "infinite: write null where there is no number"
        raise TokenheatError(f"{what} is {problem}", option="values")
    return None if math.isnan(number) else number


def _option(default: object, read: Callable[[Raw], object], meaning: str) -> Any:
    return dataclasses.field(default=default, metadata={"read": read, "meaning": meaning})


def _or_none(read: Callable[[Raw], object], meaning: str) -> Any:
    """An option without a default value: `none` removes the one that the site sets."""
    metadata = {"read": read, "meaning": meaning, "none": True}
    return dataclasses.field(default=None, metadata=metadata)


@dataclass(frozen=True)
class Options:
    """What a block asks for; each field is an option, with its reader and its meaning."""

    view: str = _option("text", _text, "what is drawn")
    metric: str = _option("norm", _text, "the number that colours each token or word")
    model: str | tuple[str, ...] = _option(
        "wordllama",
        _models,
        "the model, by a name that the site knows; a list of names with `view: compare`",
    )
    unit: str = _option(
        "token", _one_of("token", "word"), "what gets a number: the model's tokens, or words"
    )
    target: str | None = _option(
        None, _words, "the pinned word of `cosine-target`, which requires it"
    )
    values: Numbers | str | None = _option(
        None,
        _numbers_or_file,
        "your own numbers for `metric: values`: a list, or a JSON, CSV or `.npy` file",
    )
    tokens: tuple[str, ...] | None = _option(
        None, _strings, "your own tokens, which together spell the text; no tokenizer is used then"
    )
    layer: str = _option(
        "input",
        _layer,
        "which vectors: `input` for the embedding table, or a layer's hidden states: its number, "
        "0 for the first, or `last` for those after the final norm",
    )
    embedding: str = _option(
        "input", _one_of("input", "output"), "which embedding table, with `layer: input`"
    )
    transform: str | None = _or_none(
        _transform,
        "how the table's vectors are transformed first: `center` subtracts the vocabulary's mean, "
        "`all-but-the-top` also removes its first 3 principal components, `all-but-the-top:D` its "
        "first D",
    )
    pool: str = _option(
        "mean",
        _one_of("mean", "last"),
        "what a word's hidden state is: the mean of its tokens' or its last token's",
    )
    bos: bool | None = _or_none(
        _flag,
        "whether a BOS token comes before the text; by default, the tokenizer's template decides",
    )
    topk: int = _option(
        0,
        _count(0, _MOST),
        "how many of the model's most likely tokens are listed with each token",
    )
    stride: int | None = _or_none(
        _count(1),
        "the step between windows over a long text, in tokens: by default half a window, and "
        "always short enough that they overlap",
    )
    dtype: str = _option(
        "float32",
        _one_of("float32", "float16", "bfloat16"),
        "the floating-point type a model computes with",
    )
    scale: str = _option(
        "minmax",
        _one_of("minmax", "quantile", "fixed", "vocabulary"),
        "which numbers get the ends of the colour map: the smallest and largest, "
        "the 2 % and 98 % quantiles, or `vmin` and `vmax`; with `vocabulary` the colour is the "
        "number's percentile among those of all tokens that the model knows",
    )
    vmin: float | None = _or_none(_number, "low end of `scale: fixed`")
    vmax: float | None = _or_none(_number, "high end of `scale: fixed`")
    center: float | None = _or_none(
        _number, "the number that gets the middle of the map, for diverging maps"
    )
    baseline: str | None = _or_none(
        _one_of("shuffle"),
        "`shuffle` mutes the numbers that a random order of the same tokens would also give",
    )
    k: int = _option(
        8, _count(1, _MOST), "how many neighbours each word of `view: neighbours` gets"
    )
    fold: bool = _option(
        True,
        _flag,
        "whether neighbours that differ only by case or a leading space are shown once",
    )
    order: str = _option(
        "given",
        _one_of("given", "cluster"),
        "the order of the words of `view: matrix`: as given, or similar ones together",
    )
    share: str | None = _option(
        None, _text, "blocks of one page that give the same name here share one scale"
    )
    colormap: str = _option("Reds", _text, "the colour map, by name")
    caption: str | None = _option(None, _text, "a sentence above the legend")
    lang: str | None = _option(
        None,
        _text,
        "the text's language, such as `vi` or `en`; in a site's settings, the site's language, "
        "which the figures' labels follow (without one, they follow the text's)",
    )
    legend: bool = _option(True, _flag, "whether the legend is shown")
    table: bool = _option(True, _flag, "whether the table of all numbers is added")
    numbers: bool = _option(
        False,
        _flag,
        "whether each number is also shown in the figure: in its cell or, in a text, as a "
        "superscript, drawn as a list marker so that it needs no stylesheet and is not copied",
    )
    encode: str = _option(
        "colour",
        _one_of("colour", "colour+underline"),
        "how numbers are shown: `colour+underline` adds a line, thicker for larger numbers",
    )

    @property
    def models(self) -> tuple[str, ...]:
        """The models' names."""
        return (self.model,) if isinstance(self.model, str) else self.model


_OF_SITES = ("cache_dir", "frozen", "on_error", "max_tokens", "device", "base_path", "labels")
"""Settings of a site that authors may try to use as options."""

NAMES = tuple(field.name for field in dataclasses.fields(Options))
_READERS = {field.name: field.metadata["read"] for field in dataclasses.fields(Options)}
_OR_NONE = {field.name for field in dataclasses.fields(Options) if "none" in field.metadata}


def read_options(raw: Mapping[str, Raw], defaults: Options) -> Options:
    """The options as written, on top of the defaults; a null keeps the default.

    Raises:
        TokenheatError: An unknown option, or an invalid value.
    """
    given: dict[str, object] = {}
    for name, value in raw.items():
        if name in _OF_SITES:
            said = f"'{name}' is a setting of the whole site; a block cannot change it"
            raise TokenheatError(said, option=name)
        if name not in _READERS:
            raise TokenheatError(unknown("option", name, NAMES), option=name)
        if value is None:
            continue
        if value == "none" and name in _OR_NONE:
            given[name] = None
            continue
        try:
            given[name] = _READERS[name](value)
        except TokenheatError as error:
            raise TokenheatError(f"option '{name}' {error.message}", option=name) from None
    return dataclasses.replace(defaults, **given) if given else defaults  # type: ignore[arg-type]


def written(value: object) -> Raw:
    """A value from a site's configuration, as an author would have written it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return [None if item is None else str(item) for item in value]
    return str(value)
