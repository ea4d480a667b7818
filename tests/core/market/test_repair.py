from core.market.repair import repair_command


def test_the_command_names_all_it_needs():
    said = repair_command("bybit", "1h", ["A", "B"], 0, 7_200_000)
    period = "--start 1970-01-01T00:00 --end 1970-01-01T02:00"
    assert said == f"tradewind backfill --venue bybit --timeframe 1h --symbol A --symbol B {period}"
