import numpy as np

from core.regimes import Regime, benchmark, regimes
from core.reporting.regime_labels import CONFIG, HISTORY_DAYS, regime_labels
from tests.core.panels import walk


def test_a_bar_has_the_newest_regime_known_at_its_close():
    panel = walk(3, bars=1200, width=2, timeframe="12h", volatility=0.03)
    whole = regimes(benchmark(panel), panel.close_time, CONFIG)
    assert len(set(whole)) > 2
    assert np.array_equal(regime_labels(panel, panel.close_time[700:]), whole[700:])
    assert np.array_equal(regime_labels(panel, panel.close_time + 1), whole)
    early = regime_labels(panel, panel.open_time[:1])
    assert early.tolist() == [Regime.UNKNOWN]


def test_what_lies_further_back_changes_no_label():
    panel = walk(4, bars=3000, width=1, timeframe="12h", volatility=0.03)
    start = 3000 - 2 * 90
    near = panel.rows(start - 2 * HISTORY_DAYS, 3000)
    last = panel.close_time[start:]
    assert np.array_equal(regime_labels(near, last), regime_labels(panel, last))
