"""The 65 numbered faults of the venue note, each as the stories in which it happens and the tests that look closer.

`tests/simulation/test_catalogue.py` tells every story to the oracle, and asserts that every test named here exists.
"""

from dataclasses import dataclass

from tests.simulation.stories import ALL, LATE_AND_ASKED, LATE_AND_SUSPENDED, Story, codes, crashes, every, orders, outside
from tests.simulation.world import AFTER, BEFORE, MINUTE, SECOND, Crash, Fault, Outside


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered fault: what it is, the stories it happens in, and tests elsewhere that pin its details."""

    says: str
    stories: tuple[Story, ...] = ()
    elsewhere: tuple[str, ...] = ()


FLOW, TRADE, STORAGE = "tests/flows/test_faults.py::", "tests/flows/test_trade.py::", "tests/storage/"
BYBIT, VENUE, HISTORY = (f"tests/tasks/venues/test_{name}.py::" for name in ("bybit", "conformance", "history"))
HERE = "tests/simulation/"
RULES = "tests/core/risk/test_rules.py::"
BOTH = ("code-before", "code-after")
LATE_LISTS = tuple((path, 5 * SECOND) for path in ("realtime", "history", "executions"))

CATALOGUE: dict[int, Entry] = {
    1: Entry("refused connection", orders("refused"), (VENUE + "test_a_refused_connection_proves_that_nothing_was_sent",)),
    2: Entry(
        "the name is not found", orders("refused"), (HERE + "test_catalogue.py::test_a_name_that_is_not_found_is_not_sent",)
    ),
    3: Entry("reset before processing", orders("drop-before")),
    4: Entry("reset after processing", orders("drop-after")),
    5: Entry("read timeout", every(("hang-before", "hang-after"))),
    6: Entry("truncated body", orders("cut-length")),
    7: Entry("cut chunked body", orders("cut-chunk")),
    8: Entry("half JSON", orders("half-json")),
    9: Entry("HTML", orders("html")),
    10: Entry("empty body", orders("empty")),
    11: Entry("result null", every(("null", "no-result"))),
    12: Entry("502, 503, 504 after processing", every(tuple(mode for mode in AFTER if mode.startswith("http-")))),
    13: Entry("502 before processing", every(tuple(mode for mode in BEFORE if mode.startswith("http-")))),
    14: Entry(
        "late delivery",
        (
            *tuple(story for late in (300, 1500, 4500, 4900) for story in orders("late", late)),
            LATE_AND_ASKED,
            LATE_AND_SUSPENDED,
            *tuple(Story((Fault(0, "create", 1, "late", 4900, ALL), Crash(0, step, "before"))) for step in range(10, 26, 2)),
        ),
        (FLOW + "test_an_order_that_arrives_late_is_not_doubled",),
    ),
    15: Entry("late delivery beyond the window", orders("late", 5_500) + orders("late", 70_000)),
    16: Entry("duplicated delivery", orders("duplicate", 0) + orders("duplicate", 1)),
    17: Entry("server errors, placed", codes(("code-after",), (10016, 10000, 5004))),
    18: Entry("server errors, not placed", codes(("code-before",), (10016, 10000, 5004))),
    19: Entry("170146", codes(BOTH, (170146,))),
    20: Entry("110072 on the first attempt", codes(("code-before",), (110072,))),
    21: Entry(
        "10006 burst",
        codes(("code-before",), (10006, 10018)),
        (VENUE + "test_a_code_that_says_not_now_lets_the_order_be_sent_again",),
    ),
    22: Entry(
        "ban",
        tuple(Story((Fault(2, path, 1, "ban"),)) for path in ("create", "positions", "time", "executions")),
        (VENUE + "test_after_a_ban_no_request_leaves_this_process",),
    ),
    23: Entry("clock skew", codes(("code-before",), (10002,)) + outside("skew")),
    24: Entry(
        "insufficient funds", codes(("code-before",), (110007,)), (FLOW + "test_a_rejected_order_is_named_and_not_sent_again",)
    ),
    25: Entry(
        "wrong grains",
        codes(("code-before",), (110094, 10001)) + outside("rules"),
        (BYBIT + "test_a_grain_that_the_venue_changed_meanwhile_is_a_rejection",),
    ),
    26: Entry("hedge mode", (Story((Outside(0, "hedge"),)),), (BYBIT + "test_an_account_in_hedge_mode_is_refused",)),
    27: Entry("not modified", (), (VENUE + "test_the_leverage_can_be_set_and_setting_it_again_is_success",)),
    28: Entry("reduce-only with nothing to reduce", codes(("code-before",), (110017,)) + outside("close")),
    29: Entry("accepted, then cancelled for want of liquidity", (Story((Outside(2, "thin", 0), Outside(4, "thin", 0))),)),
    30: Entry("PostOnly cancelled", (), (BYBIT + "test_a_post_only_order_that_would_take_is_accepted_and_then_cancelled",)),
    31: Entry(
        "split by the venue",
        (),
        (
            "tests/core/exchange/test_liquidity.py::test_a_reduce_only_market_order_above_the_largest_quantity_becomes_several_and_only_the_first_has_the_link",
        ),
    ),
    32: Entry(
        "the key expires",
        (*codes(("code-before",), (33004,)), Story((Fault(2, "*", 1, "code-before", 33004, ALL),))),
        (VENUE + "test_wrong_keys_are_refused_for_good_without_showing_them",),
    ),
    33: Entry(
        "dies after INTENT",
        crashes(0, 8, 9, 10),
        (HERE + "test_kills.py::test_a_tick_killed_at_a_step_ends_like_one_that_was_not",),
    ),
    34: Entry(
        "dies after SENT",
        crashes(2, 10, 11, 12, 13),
        (FLOW + "test_after_a_kill_the_next_tick_ends_where_an_undisturbed_one_does",),
    ),
    35: Entry(
        "dies after sending",
        crashes(2, 12, 13, 14),
        (FLOW + "test_after_a_kill_the_next_tick_ends_where_an_undisturbed_one_does",),
    ),
    36: Entry("dies before the answer is stored", crashes(2, 14, 15, 16, 17), (FLOW + "test_the_tick_may_die_at_any_write",)),
    37: Entry("dies while booking", crashes(2, 18, 19, 20, 21, 22), (FLOW + "test_the_tick_may_die_at_any_write",)),
    38: Entry(
        "dies between entry and stop",
        tuple(Story((Crash(0, step, "before"),), stop_loss=0.2) for step in range(9, 20)),
        (BYBIT + "test_a_stop_and_a_target_go_with_the_entry_and_their_fill_has_no_link",),
    ),
    39: Entry("dies while cancelling", tuple(Story((Outside(2, "lost"), Crash(2, step, "before"))) for step in range(6, 12))),
    40: Entry("dies while flattening", tuple(Story((Outside(2, "stop"), Crash(2, step, "before"))) for step in range(6, 24))),
    41: Entry(
        "dies in a commit",
        (),
        (STORAGE + "test_crashes.py::test_an_acknowledged_write_survives_a_kill_and_no_write_is_there_by_half",),
    ),
    42: Entry("disk full", (), (HERE + "test_catalogue.py::test_a_full_disk_ends_the_tick_and_the_next_one_recovers",)),
    43: Entry(
        "two instances",
        (),
        (
            FLOW + "test_two_ticks_at_once_are_one_tick_and_a_refusal",
            TRADE + "test_only_one_process_trades_an_account_and_the_other_says_who_does",
        ),
    ),
    44: Entry(
        "suspended",
        tuple(
            Story((Fault(tick, path, nth, "suspend", 10 * MINUTE),))
            for tick in (0, 2)
            for path, nth in (("create", 1), ("create", 2), ("positions", 1), ("executions", 2), ("time", 2))
        ),
    ),
    45: Entry(
        "off for more than a day",
        tuple(
            Story((Fault(0, "create", 1, mode, 0, ALL), Crash(0, 18, "before")), (0, 25 * 60, 25 * 60 + 1))
            for mode in AFTER[:1] + BEFORE[:1]
        ),
    ),
    46: Entry(
        "off for more than a week",
        tuple(Story((Fault(0, "create", 1, mode, 0, ALL),), (0, 193 * 60, 193 * 60 + 1)) for mode in AFTER[:1] + BEFORE[:1]),
        (
            FLOW + "test_the_first_fills_are_found_however_long_the_machine_was_off",
            VENUE + "test_fills_of_many_weeks_are_read_window_by_window",
        ),
    ),
    47: Entry(
        "partial fills over several cycles", outside("thin"), (VENUE + "test_a_resting_order_fills_in_parts_under_one_link",)
    ),
    48: Entry(
        "partial, then cancelled",
        outside("thin"),
        (VENUE + "test_a_market_order_that_finds_too_little_is_cancelled_and_keeps_what_it_filled",),
    ),
    49: Entry("partial, then rejected", (), (BYBIT + "test_an_order_ended_by_the_venue_keeps_its_fills",)),
    50: Entry("fills while it is cancelled", (), (VENUE + "test_a_cancel_that_comes_too_late_or_names_nothing_is_gone",)),
    51: Entry(
        "pages out of order",
        (),
        (
            VENUE + "test_more_fills_than_a_page_are_all_there_once_and_oldest_first",
            BYBIT + "test_two_bookings_under_one_name_stop_the_reading",
        ),
    ),
    52: Entry(
        "lists lag",
        (
            *tuple(Story(lags=((path, 5 * SECOND),)) for path in ("realtime", "history", "executions", "positions", "wallet")),
            Story(lags=LATE_LISTS),
            Story(orders("drop-after")[2].parts, lags=LATE_LISTS),
        ),
    ),
    53: Entry(
        "the venue restarts",
        outside("restart"),
        (BYBIT + "test_after_a_restart_of_the_venue_a_closed_order_is_found_in_history",),
    ),
    54: Entry(
        "funding rows carry a quantity",
        (Story(minutes=(0, 1, 9 * 60, 18 * 60)),),
        (VENUE + "test_funding_is_a_fill_of_its_own_kind_and_never_moves_the_position",),
    ),
    55: Entry(
        "liquidation, deleveraging, settlement",
        outside("deleverage", "crash", "ruin"),
        (
            FLOW + "test_a_held_symbol_that_is_delisted_is_settled_and_booked",
            VENUE + "test_a_liquidation_is_a_fill_without_a_link_and_leaves_nothing",
        ),
    ),
    56: Entry(
        "stops fill",
        (Story((Outside(2, "crash"), Outside(4, "crash", 1)), stop_loss=0.1),),
        (BYBIT + "test_a_stop_and_a_target_go_with_the_entry_and_their_fill_has_no_link",),
    ),
    57: Entry(
        "the owner trades",
        outside("trade", "close"),
        (VENUE + "test_what_somebody_else_ordered_is_seen_with_whatever_name_it_has",),
    ),
    58: Entry(
        "positions are stale",
        (Story(lags=(("positions", 5 * SECOND),)), Story(orders("drop-after")[0].parts, lags=(("positions", 5 * SECOND),))),
    ),
    59: Entry(
        "a page of positions fails",
        tuple(
            Story((Fault(2, "positions", nth, mode, 0, 3),)) for nth in (1, 2) for mode in ("html", "no-result", "drop-after")
        ),
        (FLOW + "test_a_spoiled_read_fails_the_tick_before_anything_is_sent",),
    ),
    60: Entry("money moves", outside("transfer"), (VENUE + "test_money_that_came_or_went_is_booked_once_between_the_fills",)),
    61: Entry("leverage changed outside", outside("leverage")),
    62: Entry(
        "the last candle is open", (), (HISTORY + "test_bars_leave_the_open_candle_out_and_have_the_columns_of_storage",)
    ),
    63: Entry("holes and strangers among candles", (), (HISTORY + "test_a_page_of_candles_that_cannot_be_right_is_refused",)),
    64: Entry(
        "at the boundary of a bar",
        outside("skew"),
        (
            HISTORY + "test_a_bar_is_closed_at_its_closing_moment_and_not_before",
            RULES + "test_what_may_be_off_either_way_is_a_breach_either_way",
        ),
    ),
    65: Entry(
        "delisted, renamed, other grains",
        outside("rules", "bar"),
        (FLOW + "test_trading_goes_on_long_after_a_symbol_it_once_held_is_gone",),
    ),
}
