"""Run in an environment of its own: `python nautilus_run.py market.npz` prints the CPU seconds of `engine.run()` as JSON.

Market orders for weight x capital, sent after the last symbol's bar of a decision hour where the gap exceeds a quarter of the
target. Wrangling the bars and setting up are not counted. The file holds open, high, low, close, value, rows and weights.
"""

import json
import sys
import time
from decimal import Decimal

import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

CAPITAL = 10_000_000.0
VENUE = Venue("SIM")
BAND, SMALLEST = 0.25, 10.0


class Weights(Strategy):
    """Bring positions to their target weights of a fixed capital."""

    def __init__(self, bar_types: list[BarType], plan: dict[int, np.ndarray]) -> None:
        super().__init__()
        self.bar_types, self.plan, self.seen = bar_types, plan, {}

    def on_start(self) -> None:
        """Subscribe to every symbol's bars."""
        for bar_type in self.bar_types:
            self.subscribe_bars(bar_type)

    def on_bar(self, bar: Bar) -> None:
        """Trade once the last symbol's bar of a decision hour is in."""
        self.seen[bar.bar_type.instrument_id] = float(bar.close)
        if bar.bar_type == self.bar_types[-1] and bar.ts_event in self.plan:
            for bar_type, weight in zip(self.bar_types, self.plan[bar.ts_event], strict=True):
                self._move(bar_type.instrument_id, weight * CAPITAL)

    def _move(self, instrument_id: InstrumentId, target: float) -> None:
        price = self.seen[instrument_id]
        held = float(self.portfolio.net_position(instrument_id)) * price
        if abs(target - held) > max(SMALLEST, BAND * abs(target)):
            quantity = self.cache.instrument(instrument_id).make_qty(abs(target - held) / price)
            if quantity > 0:
                side = OrderSide.BUY if target > held else OrderSide.SELL
                self.submit_order(self.order_factory.market(instrument_id, side, quantity))


def main(path: str) -> None:
    """Set up, run, print."""
    market = np.load(path)
    times = pd.date_range("2024-01-01", periods=len(market["close"]), freq="h", tz="UTC")
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(CAPITAL, USDT)], default_leverage=Decimal(10))
    instruments = [_perpetual(i) for i in range(market["close"].shape[1])]
    bar_types = [BarType.from_str(f"{one.id}-1-HOUR-LAST-EXTERNAL") for one in instruments]
    for i, (instrument, bar_type) in enumerate(zip(instruments, bar_types, strict=True)):
        engine.add_instrument(instrument)
        columns = {"open": "open", "high": "high", "low": "low", "close": "close", "volume": "value"}
        frame = pd.DataFrame({name: market[key][:, i] for name, key in columns.items()}, index=times)
        engine.add_data(BarDataWrangler(bar_type, instrument).process(frame), sort=i == len(instruments) - 1)
    stamps = times.as_unit("ns").asi8[market["rows"]]
    engine.add_strategy(Weights(bar_types, dict(zip(stamps.tolist(), market["weights"], strict=True))))
    start = time.thread_time()
    engine.run()
    seconds = time.thread_time() - start
    print(json.dumps({"seconds": seconds, "orders": engine.get_result().total_orders}))


def _perpetual(i: int) -> CryptoPerpetual:
    name = f"C{i:04}"
    return CryptoPerpetual(
        instrument_id=InstrumentId(Symbol(f"{name}USDT-PERP"), VENUE),
        raw_symbol=Symbol(f"{name}USDT"),
        base_currency=Currency.from_str("BTC"),
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=4,
        size_precision=3,
        price_increment=Price.from_str("0.0001"),
        size_increment=Quantity.from_str("0.001"),
        ts_event=0,
        ts_init=0,
        margin_init=Decimal("0.05"),
        margin_maint=Decimal("0.025"),
        maker_fee=Decimal("0.0005"),
        taker_fee=Decimal("0.0005"),
    )


if __name__ == "__main__":
    main(sys.argv[1])
