"""Any notices whatsoever, for laws."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from core.notify.notice import Notice, Severity

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)

wild = st.text(st.characters(exclude_categories=()), max_size=60)
marked_up = st.lists(
    st.sampled_from(["```", "```py\n", "`", "**", "\n", "x", "🜚", " ", "@everyone", "\u200b"]), max_size=40
).map("".join)
huge = st.builds(lambda piece, times: piece * times, st.one_of(wild, marked_up), st.integers(0, 150))
texts = st.one_of(wild, marked_up, huge)


def heap(pool, size, seed):
    """Some notices that say things from the pool: drawing each text apart would take the laws minutes."""
    chance = random.Random(seed)
    return [
        Notice(
            id=f"{chance.choice(pool)}{number}",
            event=chance.choice(pool),
            at=NOW + timedelta(seconds=chance.randint(-(10**8), 10**8)),
            severity=chance.choice([Severity.INFO, Severity.WARNING, *[Severity.CRITICAL] * (seed % 2)]),
            resource=chance.choice(pool),
            title=chance.choice(pool),
            text=chance.choice(pool),
            fields=tuple((chance.choice(pool), chance.choice(pool)) for _ in range(chance.choice([0, 2, 30]))),
            group=chance.choice(["", "a", "b"]),
            picture=chance.choice(["", "", "", "reports/a.png"]),
        )
        for number in range(size)
    ]


heaps = st.builds(heap, st.lists(texts, min_size=1, max_size=5), st.integers(1, 14), st.integers(0, 10**6))


def plain_notice(number, **changes):
    """One of many like it."""
    says = {
        "event": "order.filled",
        "at": NOW + timedelta(seconds=number),
        "severity": Severity.INFO,
        "resource": "account.paper",
    }
    return Notice(**{"id": f"n-{number}", "title": f"Bought {number}", **says, **changes})
