"""Run in an environment of its own: `python freqtrade_run.py market.npz` prints the CPU seconds of one hyperopt epoch as JSON.

One epoch is `Backtesting.backtest` on candles whose indicators are ready. The exchange is mocked: spot, 0.08 % fee, 16 open
trades of 20 of 1,000 USDT. Long when the mean of the 24 and 168 bar log returns exceeds 2 %, out below -1 %, stop at -8 %,
trailing 5 %. The file holds open, high, low, close and value.
"""

import json
import sys
import tempfile
import time
from copy import deepcopy
from pathlib import Path
from unittest.mock import MagicMock, patch

import numpy as np
import pandas as pd
from freqtrade.configuration import Configuration
from freqtrade.enums import MarginMode, RunMode, TradingMode
from freqtrade.exchange import Exchange
from freqtrade.optimize.backtesting import Backtesting

STRATEGY = """
import numpy as np
from freqtrade.strategy import IStrategy

class Momentum(IStrategy):
    timeframe = "1h"
    minimal_roi = {"0": 100}
    stoploss = -0.08
    trailing_stop = True
    trailing_stop_positive = 0.05
    startup_candle_count = 168

    def populate_indicators(self, dataframe, metadata):
        log = np.log(dataframe["close"])
        dataframe["x"] = 0.5 * (log.diff(24) + log.diff(168))
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe.loc[dataframe["x"] > 0.02, "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        dataframe.loc[dataframe["x"] < -0.01, "exit_long"] = 1
        return dataframe
"""


def main(path: str) -> None:
    """Set up, run one epoch, print."""
    market = np.load(path)
    folder = Path(tempfile.mkdtemp(prefix="bench-freqtrade-"))
    (folder / "momentum.py").write_text(STRATEGY)
    pairs = [f"C{i:04}/USDT" for i in range(market["close"].shape[1])]
    config = _config(folder, pairs)
    with _mocked(pairs):
        backtesting = Backtesting(config)
    backtesting._set_strategy(backtesting.strategylist[0])
    frames = backtesting.strategy.advise_all_indicators({pair: _candles(market, i) for i, pair in enumerate(pairs)})
    frames = {pair: frame.iloc[168:] for pair, frame in frames.items()}
    times = frames[pairs[0]]["date"]
    start = time.process_time()
    found = backtesting.backtest(processed=deepcopy(frames), start_date=times.iloc[0], end_date=times.iloc[-1])
    print(json.dumps({"seconds": time.process_time() - start, "trades": len(found["results"])}))


def _candles(market: dict, i: int) -> pd.DataFrame:
    """Prices scaled to start at 100."""
    factor = 100.0 / market["open"][0, i]
    frame = pd.DataFrame({name: market[name][:, i] * factor for name in ("open", "high", "low", "close")})
    frame.insert(0, "date", pd.date_range("2024-01-01", periods=len(frame), freq="h", tz="UTC"))
    return frame.assign(volume=market["value"][:, i])


def _config(folder: Path, pairs: list[str]) -> dict:
    given = {
        "dry_run": True,
        "dry_run_wallet": 1000,
        "stake_currency": "USDT",
        "stake_amount": 20,
        "max_open_trades": 16,
        "timeframe": "1h",
        "trading_mode": "spot",
        "fee": 0.0008,
        "strategy": "Momentum",
        "strategy_path": str(folder),
        "user_data_dir": str(folder),
        "datadir": str(folder),
        "export": "none",
        "exchange": {"name": "binance", "pair_whitelist": pairs, "pair_blacklist": []},
        "pairlists": [{"method": "StaticPairList"}],
        "entry_pricing": {"price_side": "same", "use_order_book": False},
        "exit_pricing": {"price_side": "same", "use_order_book": False},
    }
    (folder / "config.json").write_text(json.dumps(given))
    config = Configuration({"config": [str(folder / "config.json")]}, RunMode.BACKTEST).get_config()
    return (
        config
        | {k: given[k] for k in ("fee", "strategy", "strategy_path", "user_data_dir", "datadir")}
        | {"datadir": folder, "user_data_dir": folder}
    )


def _mocked(pairs: list[str]) -> patch:
    """Stand in for the exchange: the network is never touched."""
    exchange = MagicMock(spec=Exchange)
    exchange.name, exchange.id = "Binance", "binance"
    exchange.get_fee.return_value = 0.0008
    exchange.get_min_pair_stake_amount.return_value = 0.01
    exchange.get_max_pair_stake_amount.return_value = 1e9
    exchange.precisionMode, exchange.precision_mode_price = 2, 2
    exchange.get_precision_amount.return_value = 8
    exchange.get_precision_price.return_value = 8
    exchange.get_contract_size.return_value = 1
    exchange.amount_to_contract_precision.side_effect = lambda _, amount: amount
    exchange.price_to_precision.side_effect = lambda _, price, **__: price
    exchange.validate_required_startup_candles.return_value = 1
    exchange.get_option.return_value = None
    exchange.margin_mode, exchange.trading_mode = MarginMode.NONE, TradingMode.SPOT
    exchange.get_max_leverage.return_value = 1.0
    exchange.get_maintenance_ratio_and_amt.return_value = (0.0, 0.0)
    exchange.get_liquidation_price.return_value = None
    exchange.get_interest_rate.return_value = 0.0
    exchange.calculate_funding_fees.return_value = 0.0
    exchange.get_funding_fees.return_value = 0.0
    exchange.get_pair_quote_currency.side_effect = lambda pair: pair.split("/")[1]
    exchange.get_pair_base_currency.side_effect = lambda pair: pair.split("/")[0]
    exchange._ft_has = {}
    exchange.markets = {pair: {"symbol": pair, "base": pair.split("/")[0], "quote": "USDT", "active": True} for pair in pairs}
    return patch("freqtrade.resolvers.ExchangeResolver.load_exchange", MagicMock(return_value=exchange))


if __name__ == "__main__":
    main(sys.argv[1])
