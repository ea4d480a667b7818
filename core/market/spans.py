"""Spans of time: sorted, disjoint stretches ``[start, stop)`` in milliseconds since 1970 UTC, as (K, 2) arrays."""

from collections.abc import Iterable

import numpy as np

from core.types import Ints, Mask

NOWHERE: Ints = np.empty((0, 2), dtype=np.int64)
"""No time at all."""


def spans(pairs: Iterable[tuple[int, int]]) -> Ints:
    """Return the spans that any pairs cover; they may touch and overlap, in any order, and empty ones vanish."""
    found = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    return union(found[found[:, 0] < found[:, 1]])


def runs(opens: Ints, length: int) -> Ints:
    """Return the spans covered by bars of one length (ms) that open at these moments, in any order."""
    return spans(zip(opens.tolist(), (opens + length).tolist(), strict=True))


def union(*many: Ints) -> Ints:
    """Return where any of them is; each may overlap itself."""
    pairs = np.concatenate(many)
    edges = np.unique(pairs)
    return stretches(edges, depth(pairs, edges) > 0)


def minus(these: Ints, those: Ints) -> Ints:
    """Return where these are and those are not."""
    edges = np.unique(np.concatenate([these, those]))
    return stretches(edges, (depth(these, edges) > 0) & (depth(those, edges) == 0))


def both(these: Ints, those: Ints) -> Ints:
    """Return where these are and those are too."""
    edges = np.unique(np.concatenate([these, those]))
    return stretches(edges, (depth(these, edges) > 0) & (depth(those, edges) > 0))


def total(found: Ints) -> int:
    """Return how long they are together, milliseconds."""
    return int((found[:, 1] - found[:, 0]).sum())


def depth(pairs: Ints, edges: Ints) -> Ints:
    """Count the pairs that cover each stretch from one edge to the next; the edges of the pairs are among them."""
    begun = np.searchsorted(np.sort(pairs[:, 0]), edges[:-1], side="right")
    ended = np.searchsorted(np.sort(pairs[:, 1]), edges[:-1], side="right")
    return np.asarray(begun - ended, dtype=np.int64)


def stretches(edges: Ints, inside: Mask) -> Ints:
    """Return the spans made of the stretches between edges that are inside."""
    turns = np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8))
    return np.column_stack([edges[np.flatnonzero(turns == 1)], edges[np.flatnonzero(turns == -1)]])
