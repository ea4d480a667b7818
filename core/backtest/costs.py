"""What a trade costs, in research and in the simulated exchange alike."""

from core.config import Bps, Config

BPS = 1e-4


class CostConfig(Config):
    """Costs per side on the value traded. Funding is not here: it comes with the data."""

    fee_bps: Bps = 5.5
    """Taker fee; Bybit's base tier charges 5.5."""
    slippage_bps: Bps = 2.0
    """Half the spread plus impact, against us."""

    @property
    def fee(self) -> float:
        """Taker fee as a fraction."""
        return self.fee_bps * BPS

    @property
    def slippage(self) -> float:
        """Slippage as a fraction."""
        return self.slippage_bps * BPS
