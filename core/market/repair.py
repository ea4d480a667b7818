"""The command that repairs a hole, written out, so that nobody has to look up its options."""

from collections.abc import Iterable

from core.market.timeframe import utc


def repair_command(venue: str, timeframe: str, symbols: Iterable[str], start: int, stop: int) -> str:
    """Return the command that fetches what is missing between two moments (ms).

    Examples
    --------
    >>> repair_command("bybit", "1h", ["BTCUSDT"], 0, 7_200_000)
    'tradewind backfill --venue bybit --timeframe 1h --symbol BTCUSDT --start 1970-01-01T00:00 --end 1970-01-01T02:00'
    """
    named = " ".join(f"--symbol {symbol}" for symbol in symbols)
    period = f"--start {utc(start):%Y-%m-%dT%H:%M} --end {utc(stop):%Y-%m-%dT%H:%M}"
    return f"tradewind backfill --venue {venue} --timeframe {timeframe} {named} {period}"
