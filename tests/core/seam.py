"""The seam once more, from its words, one cell at a time: eligible, momentum, inverse volatility. Slow and plain."""

from math import fsum, log, sqrt
from statistics import median

DAY = 86_400_000


class Seam:
    """Everything a release of one xsmom sleeve decides, from lists of prices with None for a missing bar."""

    def __init__(self, panel, release, to_lists):
        self.release, self.config = release, release.sleeves[0].config
        self.close, self.volume = to_lists(panel.close), to_lists(panel.volume)
        self.close_time, self.bar = [int(t) for t in panel.close_time], panel.bar_ms
        self.symbols = range(len(panel.symbols))

    def decisions(self, first):
        """Rows; and for each of them, by symbol: raw weight, volatility and usual traded value."""
        every = self.release.rebalance
        rows = [t for t, close in enumerate(self.close_time) if (close // self.bar) % every == 0 and t >= first]
        days = self.release.universe.liquidity_days
        vol = [[self.volatility(t, i) for i in self.symbols] for t in rows]
        value = [[self.median_value(t, i, days) for i in self.symbols] for t in rows]
        return rows, [self.raw(t) for t in rows], vol, value

    def eligible(self, t):
        rule = self.release.universe
        values = {}
        for i in self.symbols:
            listed = sum(self.close[s][i] is not None for s in range(t + 1)) * self.bar / DAY
            value = self.median_value(t, i, rule.liquidity_days)
            if self.close[t][i] is not None and listed >= rule.min_listed_days and value is not None:
                values[i] = value
        return set(sorted(values, key=lambda i: (-values[i], i))[: rule.top])

    def median_value(self, t, i, days):
        """Median over the whole days before midnight; None when fewer than half of them traded."""
        midnight = self.close_time[t] // DAY * DAY
        per_day = {}
        for s in range(t + 1):
            opened = self.close_time[s] - self.bar
            if self.close[s][i] is not None and midnight - days * DAY <= opened < midnight:
                per_day[opened // DAY] = per_day.get(opened // DAY, 0.0) + self.close[s][i] * self.volume[s][i]
        return median(per_day.values()) if len(per_day) * 2 >= days else None

    def past_return(self, t, i, lookback):
        start, end = t - self.config.skip - lookback, t - self.config.skip
        if start < 0 or self.close[start][i] is None or self.close[end][i] is None:
            return None
        return log(self.close[end][i] / self.close[start][i])

    def scores(self, t, members):
        """Mean z-score of each member that has a return over every look-back."""
        z = []
        for j in range(self.config.horizons):
            moved = {i: self.past_return(t, i, max(1, self.config.lookback // 2**j)) for i in members}
            moved = {i: r for i, r in moved.items() if r is not None}
            mean = fsum(moved.values()) / max(1, len(moved))
            spread = sqrt(fsum((r - mean) ** 2 for r in moved.values()) / max(1, len(moved)))
            z.append({i: max(-3.0, min(3.0, (r - mean) / spread)) if spread else 0.0 for i, r in moved.items()})
        return {i: fsum(one[i] for one in z) / len(z) for i in members if all(i in one for one in z)}

    def sides(self, t):
        scores = self.scores(t, self.eligible(t))
        best = sorted(scores, key=lambda i: (-scores[i], i))[: self.config.top]
        worst = sorted(scores, key=lambda i: (scores[i], i))[: self.config.top]
        longs = {i: 1.0 for i in best if scores[i] > self.config.threshold}
        return longs | {i: -1.0 for i in worst if scores[i] < -self.config.threshold}

    def volatility(self, t, i):
        decay, variance = 0.5 ** (1 / self.release.vol_half_life), None
        for s in range(1, t + 1):
            if self.close[s][i] is None or self.close[s - 1][i] is None:
                continue
            square = (self.close[s][i] / self.close[s - 1][i] - 1) ** 2
            variance = square if variance is None else decay * variance + (1 - decay) * square
        return None if variance is None else sqrt(variance * 365 * DAY / self.bar)

    def raw(self, t):
        """None where there is no bar; the rest is worth one in all, or nothing."""
        sides = self.sides(t)
        parts = {i: side / max(self.volatility(t, i), self.release.vol_floor) for i, side in sides.items()}
        gross = fsum(abs(p) for p in parts.values()) or 1.0
        return [None if self.close[t][i] is None else parts.get(i, 0.0) / gross for i in self.symbols]
