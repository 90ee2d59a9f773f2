"""How scoring reports its progress without a terminal."""

from __future__ import annotations

from queue import Queue

import pytest

from mkdocs_tokenheat.progress import Progress


def lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *at: float
) -> list[str]:
    """The report when entries are done at these times, with one entry more in total."""
    now = 0.0
    monkeypatch.setattr("mkdocs_tokenheat.progress.time.monotonic", lambda: now)
    with Progress(len(at) + 1) as told:
        for now in at:  # noqa: B007 (the clock reads it)
            told.advance(10)
    return capsys.readouterr().err.splitlines()


def test_a_short_wait_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lines(monkeypatch, capsys, 1, 2, 3) == []


def test_a_long_one_says_so_every_few_seconds_and_at_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lines(monkeypatch, capsys, 1, 6, 7, 12, 13) == [
        "tokenheat: 2 of 6 entries done, 3 tokens/s",
        "tokenheat: 4 of 6 entries done, 3 tokens/s",
        "tokenheat: 5 of 6 entries done, 4 tokens/s",
    ]


def test_what_has_been_said_is_not_said_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lines(monkeypatch, capsys, 30) == ["tokenheat: 1 of 2 entries done"]


def test_a_model_that_takes_long_to_load_is_waited_for_with_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: Queue[str] = Queue()
    monkeypatch.setattr("mkdocs_tokenheat.progress._SECONDS", 0.01)
    monkeypatch.setattr("mkdocs_tokenheat.progress.tell", said.put)
    with Progress(1) as told:
        assert said.get(timeout=60) == "tokenheat: 0 of 1 entries done"
        monkeypatch.setattr("mkdocs_tokenheat.progress._SECONDS", 60)
        told.advance(0)
    assert said.get_nowait() == "tokenheat: 1 of 1 entries done"
    assert said.empty()
