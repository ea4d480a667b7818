"""What an ingest or a backfill brought."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ingested:
    """Counts of one run; `differing` bars came with other numbers than are stored, which were kept."""

    venue: str
    symbols: int
    new_bars: int
    new_funding: int
    differing: int
    failed: tuple[str, ...]
