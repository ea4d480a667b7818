"""What a null test counted, in words."""

from typing import Any

from core.validation.null_kinds import SAYS


def lines(counted: dict[str, Any]) -> tuple[str, ...]:
    """Say what was tried and what the gate did, one line each; `counted` is from `core.validation.null_test.summary`."""
    low, high = counted["interval"]
    below, above = counted["key_one_interval"]
    if "detected" in counted:
        found = f"detected {counted['detected']}: power {counted['power']:.3f}, 95 % interval {low:.3f} to {high:.3f}"
    else:
        found = f"false deployments {counted['false_deploys']}: {counted['rate']:.2%}, 95 % interval {low:.2%} to {high:.2%}"
    return (
        f"{counted['kind']}: {SAYS[counted['kind']]}",
        f"{counted['markets']} markets, {counted['market_years']:.0f} market-years of nightly looks",
        found,
        f"key 1 turned in {counted['key_one_turned']}, {below:.2%} to {above:.2%}: no gate could deploy more than these",
        f"the family's evidence was judged every night, the full search ran on {counted['full_searches']} of them "
        "(the first night on which key 1 is turned, then every {search_every}th)".format(**counted),
        *(_point(point) for point in counted["frontier"]),
    )


def _point(point: dict[str, Any]) -> str:
    low, high = point["interval"]
    return f"  boundary {point['boundary']:.3f}: key 1 in {point['key_one_turned']:>5}   {low:.2%} to {high:.2%}"
