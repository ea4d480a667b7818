"""What Bybit's retCodes prove about an order. A code that is in no set here proves nothing: the order may exist.

Source: Bybit's v5 error page; unproven entries are left out on purpose, since "unknown" only costs a look-up.
"""

NOT_PLACED_PARAMETER = frozenset({10001, 110003, 110120, 110121, 170192, 170193, 170194})
"""A parameter or a price band is wrong."""

NOT_PLACED_FUNDS = frozenset({110004, 110006, 110007, 110012, 110014, 110044, 110045, 110051, 110052, 110053})
"""The account cannot afford it."""

NOT_PLACED_RULES = frozenset(
    {
        *(110009, 110013, 110017, 110020, 110021, 110023, 110040, 110041, 110085, 110086, 110089, 110090),
        *(110092, 110093, 110094, 110123, 110125, 30228, 170136, 170137, 170140, 170148),
    }
)
"""Reduce-only with nothing to reduce, too small, too many, too risky, or the symbol is leaving."""

NOT_PLACED_LATER = frozenset({10002, 10006, 10018, 110063, 110066, 110074, 110095, 170222})
"""Too fast, the wrong time, or not tradable now: not placed, and a later order may succeed."""

ACCESS = frozenset({10003, 10004, 10005, 10007, 10010, 10024, 10027, 10028, 10029, 33004})
"""Key, signature, permission, address: not placed, and nothing will be until a person acts."""

NOT_PLACED = NOT_PLACED_PARAMETER | NOT_PLACED_FUNDS | NOT_PLACED_RULES | ACCESS
"""The order does not exist and never will."""

FINISHED = frozenset({110001, 110008, 110010, 170213, 170142, 170139})
"""Nothing left to cancel: the order is filled, cancelled, or never was."""

EXISTS = frozenset({110072, 110030, 170141, 12141, 30001})
"""Our link is taken: an order with it exists, and only its acknowledgement was lost."""

BANNED = 10018
"""This address asks too much: nothing is answered for some minutes."""

UNANSWERED = frozenset({429, 5004, 10000, 10006, 10016, BANNED, 10019})
"""The server's own trouble, or too many requests: a reply, but not an answer."""

UNCHANGED = frozenset({110025, 110026, 110043, 34040})
"""The setting already had this value: success."""
