"""An author's own numbers from a file: JSON, CSV or NumPy's `.npy`, never pickled."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

from mkdocs_tokenheat.block.options import Numbers, as_score
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.files import read, shown
from mkdocs_tokenheat.settings import Settings

__all__ = ["ValuesFile", "open_values", "read_values"]

_BYTES_PER_NUMBER = 64
_COLUMNS = ("value", "values", "score", "scores")


@dataclass(frozen=True)
class ValuesFile:
    """A file of numbers that a page names.

    Attributes:
        name: The file's name, as the page gives it.
        data: What it holds.
    """

    name: str
    data: bytes

    @property
    def kind(self) -> str:
        """The suffix of its name, such as `.json`."""
        return _kind(self.name)

    @property
    def digest(self) -> dict[str, str]:
        """What the scores depend on."""
        # A checkout may have other line endings.
        data = self.data if self.kind == ".npy" else self.data.replace(b"\r\n", b"\n")
        return {"kind": self.kind, "sha256": hashlib.sha256(data).hexdigest()}


def open_values(values: Numbers | str | None, settings: Settings) -> Numbers | ValuesFile | None:
    """The numbers, or the file that holds them.

    Raises:
        TokenheatError: A file outside `base_path`, missing, too large or of another kind.
    """
    if not isinstance(values, str):
        return values
    limit = _BYTES_PER_NUMBER * settings.max_tokens + 4096
    try:
        base = settings.base_path.resolve()
        path = (base / values).resolve()
        is_there = path.is_relative_to(base) and path.is_file()
    except (OSError, ValueError, RuntimeError) as error:
        raise _unread(values, error) from None
    if not path.is_relative_to(base):
        raise _refused(
            values, "lies outside base_path, the folder that must hold all files that pages name"
        )
    if _kind(values) not in _READERS:
        kinds = ", ".join(_READERS)
        raise _refused(values, f"is of an unknown kind: use {kinds}, or write a list as [1, 2]")
    if not is_there:
        raise _refused(values, f"is not there: paths start at base_path, here '{shown(base)}'")
    try:
        data = read(path, limit + 1, links=False)
    except OSError as error:
        raise _unread(values, error) from None
    if len(data) > limit:
        raise _refused(
            values,
            f"is too large for the numbers of max_tokens ({settings.max_tokens}) tokens",
        )
    return ValuesFile(values, data)


def _unread(values: str, error: Exception) -> TokenheatError:
    return TokenheatError(f"cannot read the values file '{values}': {error}", option="values")


def _refused(values: str, problem: str) -> TokenheatError:
    return TokenheatError(f"the values file '{values}' {problem}", option="values")


def _kind(name: str) -> str:
    return Path(name).suffix.lower()


def read_values(file: ValuesFile) -> Numbers:
    """The numbers that the file holds; None for a null or a NaN.

    Raises:
        TokenheatError: Anything but a flat list of numbers.
    """
    try:
        numbers = _READERS[file.kind](file.data)
    except TokenheatError as error:
        problem = error.message
    except Exception as error:  # noqa: BLE001 (each reader has its own kinds)
        problem = str(error) or type(error).__name__
    else:
        return tuple(as_score(n, f"number {i} of '{file.name}'") for i, n in enumerate(numbers, 1))
    raise TokenheatError(f"cannot read the values file '{file.name}': {problem}", option="values")


def _json(data: bytes) -> list[object]:
    content = json.loads(data, parse_int=float)
    if not isinstance(content, list) or any(
        isinstance(item, (list, dict, str, bool)) for item in content
    ):
        raise TokenheatError("it is not a flat list of numbers and nulls")
    return content


def _csv(data: bytes) -> list[object]:
    import csv

    # Windows writes this where a program has ended lines with CRLF itself.
    text = data.decode("utf-8-sig").replace("\r\r\n", "\n")
    rows = [*csv.reader(io.StringIO(text.strip("\r\n"), newline=""))]
    if not any(rows):
        raise TokenheatError("it is empty")
    # In a single column, an empty line is an empty cell.
    is_column = all(len(row) <= 1 for row in rows)
    rows = [row or [""] for row in rows if row or is_column]
    if len(rows[0]) == 1 and ";" in rows[0][0]:
        raise TokenheatError(
            "it has semicolons: write commas between columns, and decimals with a point"
        )
    header = [cell.strip().lower() for cell in rows[0]]
    named = next((header.index(name) for name in _COLUMNS if name in header), None)
    if named is not None:
        # A decimal comma splits a number in two.
        wide = next((i for i, row in enumerate(rows, 1) if len(row) > len(header)), None)
        if wide is not None:
            raise TokenheatError(
                f"its row {wide} has more columns than its header: write decimals with a point"
            )
        cells = [row[named] if named < len(row) else "" for row in rows[1:]]
    elif len(rows) == 1 or is_column:
        cells = [cell for row in rows for cell in row]
    else:
        raise TokenheatError(
            "it has several columns: keep one, or add a header that calls one of them 'value'"
        )
    return [cell if cell.strip() else None for cell in cells]


def _npy(data: bytes) -> list[object]:
    import numpy as np

    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        # The second version's header may be longer; a third one's only names columns.
        read_header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read_header(file)
    except Exception:  # noqa: BLE001 (a damaged one makes NumPy raise almost anything)
        raise TokenheatError("its header is not one that NumPy writes") from None
    if len(shape) != 1 or dtype.kind not in "fiu":
        raise TokenheatError("it is not a one-dimensional array of real numbers")
    # The header alone must not decide how much is allocated.
    if shape[0] * dtype.itemsize != len(data) - file.tell():
        raise TokenheatError("its header and its size do not match")
    numbers: list[object] = (
        np.frombuffer(data, dtype, offset=file.tell()).astype(np.float64).tolist()
    )
    return numbers


_READERS = {".json": _json, ".csv": _csv, ".npy": _npy}
