"""The judge. It stands outside the bot, shares none of its code, and reads only the venue's state and the store's tables.

What must hold, numbered as the violations name it:

1. sent-without-intent: an order leaves only when its intent stands in the journal as SENT, the same in every field.
2. doubled: at most one order at the venue per link, and per (decision, symbol, leg): a second attempt only when the first
   never was there and never will be.
3. exposure: when an entry leaves, the limits hold even if everything in flight fills.
4. booked: every execution is booked exactly once, with the venue's quantity, price, fee, side and kind.
5. book: after quiescence the books hold what the venue holds.
6. stuck: no intent stays open past its fence and a little.
7. wallet: what the account is worth is explained by the bookings, to the last digit.
8. recovery: the undisturbed ticks at the end all succeed, and the last two do not halt.
9. denied: an intent that ended as REJECTED or DEAD has no order at the venue.
10. silent: whenever a tick halts or flattens, an alarm that says so is raised and not cleared, and waits to be told.
"""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from core.exchange import money
from core.reporting.tick_notices import alarm_notice

ACCOUNT = "paper"

SLACK = Decimal("1.03")
"""Prices move between plan and arrival; an exposure this much above the limit is not a violation."""

NOTICES = 5_000
"""Notices among which an alarm's is looked for, newest first."""

WAVE_MS = 30_000
"""As long as a look and the orders that follow from it may take, lags included."""


class Oracle:
    """Collects what is wrong with one run; `store` is the real one, never the watched one.

    Parameters
    ----------
    shown : names a list of the venue and gives the state that it shows now: what it hides nobody can be blamed for
    """

    def __init__(self, exchange: Any, store: Any, shown: Callable[[str], Any], *, max_gross: Decimal, deposit: Decimal) -> None:
        self._exchange, self._store, self._shown = exchange, store, shown
        self._max_gross, self._deposit = max_gross, deposit
        self.violations: list[str] = []
        self._worths: list[tuple[int, Decimal]] = []
        self.verdict = ""

    def sent(self, request: Any) -> None:
        """Judge an order at the moment it leaves the bot."""
        intent = self._intents().get(request.link)
        if intent is None or intent.state != "SENT":
            self._say(f"sent-without-intent: {request.link} left while the journal says {intent and intent.state}")
        elif _terms(intent) != _terms(request):
            self._say(f"sent-without-intent: {request.link} left as {_terms(request)}, decided was {_terms(intent)}")
        if request.link in self._exchange.state.links:
            self._say(f"doubled: {request.link} was sent again though the venue has it")
        if not request.reduce_only:
            self._judge_exposure(request)

    def ended(self) -> None:
        """Judge the whole run after the undisturbed ticks."""
        self._judge_orders()
        self._judge_bookings()
        self._judge_positions()
        self._judge_worth()
        for intent in self._store.intents.open():
            waits_for_better_times = self.verdict != "ALLOW" and not intent.reduce_only
            if intent.state == "NEW" and (waits_for_better_times or not self._trades(intent.symbol)):
                continue
            self._say(f"stuck: {intent.symbol} {intent.leg} attempt {intent.attempt} is {intent.state} ({intent.reason})")

    def ticked(self, run: Any) -> None:
        """Judge a tick that came to its end."""
        self.verdict = run.verdict
        if run.verdict not in ("HALT", "FLATTEN"):
            return
        last = {alarm.rule: alarm for alarm in self._store.alarms.all(ACCOUNT)}
        harsh = [alarm for alarm in last.values() if alarm.raised and alarm.verdict.name in ("HALT", "FLATTEN")]
        if not {alarm_notice(alarm).id for alarm in harsh} & {notice.id for notice in self._store.outbox.newest(NOTICES)}:
            self._say(f"silent: {run.verdict} at {run.at:%d %H:%M:%S} for {run.reasons} and no alarm stands")

    def not_quiet(self, error: BaseException) -> None:
        """Judge an undisturbed tick that failed."""
        self._say(f"recovery: {type(error).__name__}: {error}")

    def quiet(self, run: Any) -> None:
        """Judge one of the last undisturbed ticks: a lagging list may have halted an earlier one."""
        if run.verdict == "HALT":
            self._say(f"recovery: halted: {'; '.join(run.reasons)}")

    def _judge_exposure(self, request: Any) -> None:
        state, intents = self._exchange.state, self._intents()
        flying = {i.link: i for i in intents.values() if i.state in ("SENT", "UNKNOWN") and i.link not in state.links}
        entries = [order for order in {**flying, request.link: request}.values() if not order.reduce_only]
        foreign = self._too_fresh_to_be_seen()
        symbols = state.holdings.keys() | {order.symbol for order in entries}
        worst = sum(self._stake(symbol, entries, foreign[symbol]) for symbol in symbols if symbol in state.prices)
        worth = self._worth()
        if worth <= 0 or worst > self._max_gross * SLACK * worth:
            self._say(f"exposure: {request.symbol} leaves with {worst:.2f} at stake on {worth:.2f}, limit {self._max_gross}")

    def _stake(self, symbol: str, entries: list[Any], foreign: Decimal) -> Decimal:
        """What a symbol may come to, seen with what somebody else has just traded or, if that is less, without it."""
        holding = self._exchange.state.holdings.get(symbol)
        held = holding.quantity if holding else Decimal(0)
        bought = sum((o.quantity for o in entries if o.symbol == symbol and o.side == "buy"), Decimal(0))
        sold = sum((o.quantity for o in entries if o.symbol == symbol and o.side == "sell"), Decimal(0))
        seen = (held, held - foreign)
        return min(max(abs(one + bought), abs(one - sold)) for one in seen) * self._exchange.state.prices[symbol]

    def _worth(self) -> Decimal:
        """What the account was worth when the bot may have looked: while it sends, prices move and lists catch up."""
        now = self._exchange.state.now
        shown = max(money.equity(self._exchange.state), money.equity(self._shown("wallet")))
        self._worths = [(at, worth) for at, worth in self._worths if now - at <= WAVE_MS] + [(now, shown)]
        return max(worth for _, worth in self._worths)

    def _too_fresh_to_be_seen(self) -> dict[str, Decimal]:
        """What somebody else traded while the positions' list may still have hidden it."""
        traded: dict[str, Decimal] = defaultdict(Decimal)
        mine = self._intents()
        for execution in reversed(self._exchange.state.executions):
            if self._exchange.state.now - execution.at > WAVE_MS:
                break
            if execution.link not in mine and execution.kind not in ("funding", "transfer"):
                traded[execution.symbol] += execution.quantity if execution.side == "buy" else -execution.quantity
        return traded

    def _judge_orders(self) -> None:
        legs: dict[tuple[Any, ...], set[str]] = defaultdict(set)
        intents = self._intents()
        for order in self._exchange.state.orders.values():
            intent = intents.get(order.link)
            if order.link == "tw-lost":
                if order.status == "open":
                    self._say(f"recovery: {order.link}, which nobody knows, is still in the venue's book")
            elif order.link.startswith("tw-") and intent is None:
                self._say(f"sent-without-intent: the venue has {order.link}, the journal has not")
            elif intent is not None:
                legs[intent.decision_time, intent.symbol, intent.leg, getattr(intent, "slice", 0)].add(order.order_id)
        for link in self._exchange.state.links.keys() & intents.keys():
            if intents[link].state in ("REJECTED", "DEAD"):
                self._say(f"denied: {link} is {intents[link].state} ({intents[link].reason}) and the venue has it")
        for (decided, symbol, leg, _), orders in legs.items():
            if len(orders) > 1:
                self._say(f"doubled: {symbol} {leg} of {decided:%d %H:%M} became {len(orders)} orders")

    def _judge_bookings(self) -> None:
        fills = self._store.fills.all()
        booked = {f.exec_id: _facts(f) for f in fills}
        happened = {e.exec_id: _facts(e) for e in self._exchange.state.executions}
        if len(booked) != len(fills):
            self._say(f"booked: {len(fills) - len(booked)} executions are booked twice")
        for exec_id in sorted(booked.keys() ^ happened.keys()):
            where = "only in our books" if exec_id in booked else "not booked"
            self._say(f"booked: {exec_id} {booked.get(exec_id) or happened.get(exec_id)} is {where}")
        for exec_id in booked.keys() & happened.keys():
            if booked[exec_id] != happened[exec_id]:
                self._say(f"booked: {exec_id} as {booked[exec_id]}, happened was {happened[exec_id]}")

    def _judge_positions(self) -> None:
        ours = _net(self._store.fills.all())
        theirs = {s: h.quantity for s, h in self._exchange.state.holdings.items() if h.quantity}
        if ours != theirs:
            self._say(f"book: ours {ours}, the venue's {theirs}")

    def _judge_worth(self) -> None:
        state, worth = self._exchange.state, self._deposit
        for fill in self._store.fills.all():
            size = fill.quantity if fill.side == "buy" else -fill.quantity
            if fill.kind == "transfer":
                worth += size
            elif fill.kind == "funding":
                worth -= fill.fee
            else:
                worth -= size * fill.price + fill.fee
        worth += sum((held * state.prices[s] for s, held in _net(self._store.fills.all()).items()), Decimal(0))
        if abs(worth - money.equity(state)) > Decimal("0.000001"):
            self._say(f"wallet: bookings explain {worth}, the account is worth {money.equity(state)}")

    def _trades(self, symbol: str) -> bool:
        rules = self._exchange.state.instruments.get(symbol)
        return rules is not None and rules.active

    def _intents(self) -> dict[str, Any]:
        return {intent.link: intent for intent in self._store.intents.all(10**9)}

    def _say(self, what: str) -> None:
        self.violations.append(what)


def _terms(order: Any) -> tuple[Any, ...]:
    return order.symbol, order.side, order.quantity, order.reduce_only


def _facts(row: Any) -> tuple[Any, ...]:
    return row.symbol, row.link, row.side, row.quantity, row.price, row.fee, row.kind


def _net(fills: Any) -> dict[str, Decimal]:
    held: dict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        if fill.kind not in ("funding", "transfer"):
            held[fill.symbol] += fill.quantity if fill.side == "buy" else -fill.quantity
    return {symbol: quantity for symbol, quantity in held.items() if quantity}
