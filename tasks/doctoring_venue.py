"""The doctor's look at the venue: whether it answers, how our clocks differ, what the API key may do. Nothing is changed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.operations.checkup import Finding, Outcome, bybit_key, clock_skew
from tasks import clock
from tasks.desk import FETCHED
from tasks.market_data import source
from tasks.settings import Settings, settings
from tasks.stores import store
from tasks.venues.binance_session import BinanceSession
from tasks.venues.bybit_session import BybitSession

PROBE = "BTCUSDT"
"""Bybit says the mode of a symbol, held or not."""


def venue_clock(check: str, _root: Path, _home: Path) -> Finding:
    """Ask the venue that bars come from for its time."""
    name = _market()
    if name not in FETCHED:
        return Finding(check, Outcome.SKIPPED, f"bars of {name} are an archive: no venue is asked")
    venue = source(name)
    began = clock.now()
    server = venue.server_time()
    taken = clock.now() - began
    # The reply was written about half way between asking and reading it.
    found = clock_skew(check, began + taken / 2 - server)
    return Finding(check, found.outcome, f"{name} answers in {taken.total_seconds():.2f} s, {found.said}", found.remedy)


def api_key(check: str, _root: Path, _home: Path) -> Finding:
    """Ask the venue what the key may do; one that can withdraw, or cannot trade, fails."""
    return _with_key(check, {"bybit": _bybit_key, "binance": _binance_key})


def one_way_mode(check: str, _root: Path, _home: Path) -> Finding:
    """Ask whether the account holds one position per symbol; in hedge mode our orders would mean something else."""
    return _with_key(check, {"bybit": _bybit_mode, "binance": _binance_mode})


def _market() -> str:
    known = store().bars.venues() if (settings().home / "market.duckdb").exists() else ()
    return settings().venue or (known[0] if len(known) == 1 else "bybit")


def _with_key(check: str, examine: Mapping[str, Callable[[str, Settings], Finding]]) -> Finding:
    config = settings()
    if config.mode == "paper":
        return Finding(check, Outcome.SKIPPED, "mode paper needs no key")
    if config.api_key is None or config.api_secret is None:
        said = f"mode {config.mode} without TRADEWIND_API_KEY and TRADEWIND_API_SECRET"
        return Finding(check, Outcome.FAIL, said, "put both into .env, or set TRADEWIND_MODE=paper")
    if config.mode == "live" and config.confirm_live != config.account:
        said = f"TRADEWIND_CONFIRM_LIVE is not {config.account}: mode live refuses to trade"
        return Finding(check, Outcome.FAIL, said, "set it once you mean it")
    return examine[config.exchange](check, config)


def _bybit_key(check: str, config: Settings) -> Finding:
    session = _bybit(config)
    return bybit_key(check, session.call(session.private.private_get_v5_user_query_api, {})["result"])


def _bybit_mode(check: str, config: Settings) -> Finding:
    session = _bybit(config)
    query = {"category": "linear", "symbol": PROBE}
    rows = session.rows_of(session.call(session.private.private_get_v5_position_list, query))
    return _mode(check, hedged=any(int(row.get("positionIdx") or 0) for row in rows))


def _binance_key(check: str, config: Settings) -> Finding:
    session = _binance(config)
    if config.mode != "live" or config.exchange_url:
        session.row(session.private.fapiprivatev2_get_account, {})
        return Finding(check, Outcome.OK, f"takes our signature; what a key may do is not told in mode {config.mode}")
    may = session.row(session.private.sapi_get_account_apirestrictions, {})
    if may.get("enableWithdrawals"):
        remedy = "delete this key at once and make one without the right to withdraw"
        return Finding(check, Outcome.FAIL, "THIS KEY CAN WITHDRAW: whoever reads it can take the money", remedy)
    if not may.get("enableFutures"):
        return Finding(check, Outcome.FAIL, "the key cannot trade futures", "allow it at the venue")
    if not may.get("ipRestrict"):
        said = "can trade futures and cannot withdraw, from any address"
        return Finding(check, Outcome.WARN, said, "bind the key to this machine's address at the venue")
    return Finding(check, Outcome.OK, "can trade futures and cannot withdraw")


def _binance_mode(check: str, config: Settings) -> Finding:
    session = _binance(config)
    told = session.row(session.private.fapiprivate_get_positionside_dual, {})
    return _mode(check, hedged=bool(told["dualSidePosition"]))


def _mode(check: str, *, hedged: bool) -> Finding:
    if hedged:
        return Finding(check, Outcome.FAIL, "the account is in hedge mode", "set one-way mode at the venue while it is flat")
    return Finding(check, Outcome.OK, "one-way")


def _bybit(config: Settings) -> BybitSession:
    session = BybitSession(config.exchange, **_keys(config))
    session.correct_clock(session.time_of(session.call(session.public.public_get_v5_market_time, {})))
    return session


def _binance(config: Settings) -> BinanceSession:
    return BinanceSession(config.exchange, **_keys(config))


def _keys(config: Settings) -> dict[str, Any]:
    assert config.api_key is not None
    assert config.api_secret is not None
    return {
        "where": config.exchange_url or config.mode,
        "api_key": config.api_key.get_secret_value(),
        "secret": config.api_secret.get_secret_value(),
        "now_ms": None,
    }
