"""What can go wrong, named by what the reader must do about it.

Bad *news* (an objection, a verdict, a rejected order) is a value. Only bad *input* and a broken world are exceptions.
Every message names the subject, what was found and what to do.
"""


class TradewindError(Exception):
    """Anything Tradewind refuses on purpose; its text is one line for the operator."""


class ConfigError(TradewindError):
    """A setting, a parameter or an argument is wrong: correct it and call again."""


class DataError(TradewindError):
    """Market data is missing or wrong: do not compute or trade on it."""


class StoreError(TradewindError):
    """A database file is locked, full, corrupt or not ours: nothing was written."""


class LedgerError(TradewindError):
    """Fills and books contradict each other: stop and reconcile."""


class ExchangeUnavailable(TradewindError):
    """A read from the venue failed or came back malformed: try the read again later."""


class ExchangeRefused(TradewindError):
    """The venue answered no for good (keys, permission): a person must act."""
