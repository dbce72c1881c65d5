"""How the pieces of a run that readers find become one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hpobench_lab.store.segment import Piece

__all__ = ["choose_finals", "join"]


def choose_finals(pieces: Iterable[Piece]) -> dict[str, Piece]:
    """Return one final piece a key: an ``ok`` one if there is any, else the first by file name."""
    finals = [piece for piece in pieces if piece.final]
    finals.sort(key=lambda p: (p.header["status"] != "ok", p.segment, p.index))
    chosen: dict[str, Piece] = {}
    for piece in finals:
        chosen.setdefault(piece.key, piece)
    return chosen


def join(pieces: Iterable[Piece]) -> list[tuple[Piece, int, int]]:
    """Return a gapless cover of a run's rows from 0 by partial pieces: (piece, low, high) each.

    ``low`` and ``high`` count within the piece. Rows of one attempt follow each other; another
    attempt follows only where it took over, at exactly the row up to which rows were stored when
    it started. Rows of attempts that went on side by side are not mixed, and what is joined here is
    compared again by the replay.
    """
    attempts: dict[str, list[Piece]] = {}
    for piece in pieces:
        if not piece.final and piece.n:
            attempts.setdefault(piece.attempt, []).append(piece)
    chain: list[tuple[Piece, int, int]] = []
    at = 0
    while True:
        starts = {a: min(p.start for p in attempts[a]) for a in attempts}
        ready = [a for a, start in starts.items() if start == at]
        if not ready:
            return chain
        links = {a: _follow(attempts[a], at) for a in ready}
        best = max(sorted(ready), key=lambda a: links[a][-1][0].stop)
        chain += links[best]
        at = chain[-1][0].stop
        attempts = {a: rest for a, rest in attempts.items() if a not in ready}


def _follow(pieces: Sequence[Piece], at: int) -> list[tuple[Piece, int, int]]:
    """Return the cover by one attempt's pieces from row ``at`` on."""
    chain = []
    for piece in sorted(pieces, key=lambda p: (p.start, -p.stop, p.segment)):
        if piece.start <= at < piece.stop:
            chain.append((piece, at - piece.start, piece.n))
            at = piece.stop
    return chain
