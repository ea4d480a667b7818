"""The kinds of markets a null test invents; apart from what makes them, so that a typing error is told at once."""

from typing import Literal, get_args

Kind = Literal["noise", "noise-without-costs", "permuted", "gross-only", "planted"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SAYS: dict[Kind, str] = {
    "noise": "pure noise, traded at the usual costs",
    "noise-without-costs": "pure noise, traded for nothing: the hardest null, because luck is not taxed",
    "permuted": "the home's own bars, their days in random order and every symbol's mean return taken out",
    "gross-only": "a real edge before costs, of which costs leave nothing",
    "planted": "a real edge: the best parameter set has the stated net Sharpe ratio",
}
