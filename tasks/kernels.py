"""Build the kernels ahead of their first use: `python -m tasks.kernels`, the last step of an installation.

They are compiled for this machine and kept in the cache (docs/decisions/0009); whoever skips this step waits for them once,
at the first backtest or search.
"""

from datetime import UTC, datetime, timedelta

import numpy as np

from tasks.environment import keep_kernels

BOOK_DAYS = 60


def build_kernels() -> None:
    """Run everything compiled once over a small invented market, of a width like the demo's."""
    from core.deploy.release import baseline
    from core.market.synthetic import VENUE, synthetic_market
    from core.portfolio import prepare, run
    from core.validation.montecarlo import stress
    from core.validation.robust import robust_scorer

    start = datetime(2025, 1, 1, tzinfo=UTC)
    warmup_days = -(-baseline(VENUE, "1h", start).warmup_bars // 24)
    market = synthetic_market(np.random.default_rng(0), days=warmup_days + BOOK_DAYS, start=start, edge=0.0)
    release = baseline(VENUE, "1h", start + timedelta(days=warmup_days))
    ready = prepare(market.panel, release)
    net = run(ready, release).net[ready.first :]
    robust_scorer(ready, release, "xsmom")(({},))
    stress(net, paths=2, horizon=48, mean_block=24, seed=0)


if __name__ == "__main__":
    keep_kernels()  # before anything imports the compiler
    build_kernels()
