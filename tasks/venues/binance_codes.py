"""What Binance's error codes prove about an order. A code that is in no set here proves nothing: the order may exist.

Source: the error-code page of the USDS-M futures API, and ccxt's table of it; unproven entries (-1000, -1001, -1006, -1007,
-1010, -1016, -2020 ...) are left out on purpose, since "unknown" only costs a look-up.
"""

TOO_MANY = -1003
"""Too many requests, or banned; also given to HTTP 403, 418 and 429 that carry no code."""

TOO_MANY_ORDERS = -1015
"""Too many orders in too short a time; reading goes on."""

NOT_PLACED_PARAMETER = frozenset(
    {
        *(-1013, -1014, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1111, -1115, -1116, -1117, -1118, -1121, -1122),
        *(-1128, -1130, -1136, -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4015, -4016, -4023, -4024),
        *(-4029, -4030, -4061, -4062, -4120, -4131, -4164, -4183, -4184),
    }
)
"""A parameter, a grain, a price band, the position mode or the minimum notional."""

NOT_PLACED_FUNDS = frozenset({-2010, -2018, -2019, -2024, -2027, -2028, -4118})
"""The account cannot afford it."""

NOT_PLACED_RULES = frozenset({-2021, -2022, -2023, -2025, -2026, -4028, -4087, -4140, -4141, -4400, -4401, -5021, -5022})
"""Nothing to reduce, too many, in liquidation, reduce-only for a while, or the symbol is not trading."""

NOT_PLACED_LATER = frozenset({TOO_MANY, -1008, TOO_MANY_ORDERS, -1021, -5028})
"""Too fast, or signed outside the receive window (-5028 is the matching engine's own look at it): send it again."""

ACCESS = frozenset({-1002, -1005, -1011, -1022, -1099, -1109, -2008, -2014, -2015, -2017, -4088, -4192, -4402})
"""Key, signature, permission, address: not placed, and nothing will be until a person acts."""

NOT_PLACED = NOT_PLACED_PARAMETER | NOT_PLACED_FUNDS | NOT_PLACED_RULES | ACCESS
"""The order does not exist and never will."""

EXISTS = frozenset({-4116})
"""Our link is that of an open order: it exists, and only its acknowledgement was lost."""

NO_SUCH_ORDER = -2013

FINISHED = frozenset({-2011, NO_SUCH_ORDER})
"""Nothing left to cancel: the order is filled, cancelled, or never was."""

UNANSWERED = frozenset({-1000, -1001, TOO_MANY, -1006, -1007, -1008, -1016})
"""The server's own trouble, or too many requests: a reply, but not an answer."""

UNCHANGED = frozenset({-4046, -4059})
"""The setting already had this value: success."""
