"""Settings: read once per process from the environment and `.env`, prefix ``TRADEWIND_``."""

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, SettingsConfigDict

from core.errors import ConfigError


class Settings(BaseSettings):
    """What an operator may set from outside. Everything that decides a weight is in the release instead."""

    model_config = SettingsConfigDict(
        env_prefix="TRADEWIND_", env_file=".env", extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    home: Path = Path("var")
    """Folder of the databases, reports and Prefect's own files."""
    venue: str | None = None
    """Whose bars to use; may be left out while the store holds only one venue."""
    timeframe: str = "1h"
    """Bars that signals read."""
    mode: Literal["paper", "demo", "testnet", "live"] = "paper"
    """Where orders go: the paper exchange in this process, or an account at the venue. Only `live` is real money."""
    confirm_live: str | None = None
    """The account's name once more: without it, mode `live` refuses to trade."""
    exchange: Literal["bybit", "binance"] = "bybit"
    """Whose account it is in every mode but paper."""
    api_key: SecretStr | None = None
    """Key of that account; give it the right to trade, never the right to withdraw."""
    api_secret: SecretStr | None = None
    """Secret of that key."""
    exchange_url: str | None = None
    """Where orders go, if not to the venue's own address: a simulated exchange."""
    account: str = Field(default="paper", pattern=r"^[a-z0-9-]{1,20}$")
    """Name of the account; part of every order's link id."""
    paper_balance: Decimal = Field(default=Decimal(100_000), gt=0)
    """USDT a paper account starts with."""
    search_storage: str | None = None
    """Database URL that searches keep their trials in while they run, to be resumed or shared; in memory without it."""
    dask: str | None = None
    """Dask cluster that searches run on: a scheduler, ``tcp://host:8786``, or ``local:2`` for processes of this machine."""
    bybit_url: str | None = None
    """Where market data comes from, if not from Bybit itself: a simulated exchange, a proxy."""
    binance_url: str | None = None
    """Where Binance's market data comes from, if not from Binance itself."""
    requests_per_second: float = Field(default=60, gt=0, le=110)
    """Requests for market data that all processes together make of Bybit in a second; it bans an address at 120."""
    discord_webhook: SecretStr | None = None
    """Discord webhooks to tell, separated by commas; those in `.env` and in the environment are told both."""
    messenger_url: str = "http://127.0.0.1:4300"
    """Where the messenger listens; on this machine it takes the next free port when this one is taken."""
    ping_url: SecretStr | None = None
    """Address to call every minute while all is well: an outside monitor's, which alarms when the calls stop."""


@cache
def settings() -> Settings:
    """Return the settings, or raise ConfigError with one line that names the variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "TRADEWIND_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigError(f"{name}: {first['msg']}; see .env.example") from error


def webhook_settings() -> dict[str, str]:
    """Return the webhook setting of every source that has one, by its name: the environment no longer hides `.env`."""
    sources = {"environment": EnvSettingsSource(Settings), ".env": DotEnvSettingsSource(Settings)}
    found = {name: source().get("discord_webhook") for name, source in sources.items()}
    return {name: text for name, text in found.items() if text}
