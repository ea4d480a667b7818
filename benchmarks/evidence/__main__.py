"""`python -m benchmarks.evidence --home DIR`: is there anything in momentum, on the bars that DIR holds.

Look-backs from a day to two months, before and after costs and funding, beside Bitcoin and an equal-weight basket, by year and
by regime, with what luck alone would show. What came out on real bars, and what of it to believe: docs/evidence.md.
"""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.evidence.books import Case, prepared
from benchmarks.evidence.findings import Findings, findings
from benchmarks.evidence.tables import tables
from core.errors import DataError, TradewindError
from core.market.panel import Panel
from core.market.timeframe import DAY, milliseconds, utc
from storage.store import Store


def main() -> None:
    """Read, run, print."""
    asked = _arguments()
    try:
        case = prepared(panel := _panel(asked), _first(panel, asked.start), long_only=asked.long_only)
        found = findings(case, family=panel.timeframe == "1h" and not asked.long_only)
    except TradewindError as error:
        sys.exit(f"benchmarks.evidence: {error}")
    if asked.json:
        print(json.dumps({**_about(case), **asdict(found)}))
    else:
        _show(case, found)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.evidence", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of databases, with imported bars and funding")
    parser.add_argument("--venue", default="binance")
    parser.add_argument("--timeframe", default="1h", choices=("1h", "1d"))
    parser.add_argument("--start", type=_day, help="first day of the books; 60 days after the first bar if not given")
    parser.add_argument("--end", type=_day, help="day before which the last bar opens; after the last bar if not given")
    parser.add_argument("--funded", action="store_true", help="only symbols with a settlement in these bars")
    parser.add_argument("--common", metavar="VENUE", help="only symbols that this venue has bars of, too")
    parser.add_argument("--without", default="", help="symbols to leave out, such as BUSDUSDT,USDCUSDT")
    parser.add_argument("--long-only", action="store_true", help="sell nothing short")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def _day(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)


def _panel(asked: argparse.Namespace) -> Panel:
    bars = Store(asked.home).bars
    panel = bars.panel(asked.venue, asked.timeframe, None, asked.end)
    unwanted = set(asked.without.split(","))
    there = (asked.common or asked.venue, asked.timeframe)
    shared = {one.symbol for one in bars.series() if (one.venue, one.timeframe) == there}
    funded = (panel.funding != 0.0).any(axis=0) | (not asked.funded)
    wanted = [symbol in shared - unwanted and bool(known) for symbol, known in zip(panel.symbols, funded, strict=True)]
    return panel.columns(np.flatnonzero(wanted).tolist())


def _first(panel: Panel, start: datetime | None) -> int:
    first = panel.row_at(int(panel.open_time[0]) + 60 * DAY if start is None else milliseconds(start))
    if first == len(panel):
        raise DataError(f"{panel.venue} {panel.timeframe}: ends {utc(int(panel.close_time[-1])):%Y-%m-%d}; start before that")
    return first


def _about(case: Case) -> dict[str, object]:
    panel, eligible = case.market.panel, case.market.eligible.sum(axis=1)
    return {
        "venue": panel.venue,
        "timeframe": panel.timeframe,
        "start": f"{utc(int(case.open_time[0])):%Y-%m-%d}",
        "end": f"{utc(int(panel.close_time[-1])):%Y-%m-%d %H:%M}",
        "symbols": len(panel.symbols),
        "funded": int((panel.funding != 0.0).any(axis=0).sum()),
        "universe": {"least": int(eligible.min()), "median": float(np.median(eligible)), "most": int(eligible.max())},
        "long_only": case.long_only,
        "release": case.release.fingerprint,
        "data_hash": panel.data_hash,
    }


def _show(case: Case, found: Findings) -> None:
    about = _about(case)
    print(
        f"{about['venue']} {about['timeframe']}, {about['start']} to {about['end']} UTC: {about['symbols']} symbols, "
        f"{about['funded']} with funding; universe {about['universe']}"
    )
    for text in tables(found):
        print(text)


if __name__ == "__main__":
    main()
