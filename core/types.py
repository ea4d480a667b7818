"""The symbols every formula uses: T bars (oldest first), N symbols, D decision bars."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Numbers of any shape; (T, N) unless a docstring says otherwise."""

Ints = NDArray[np.int64]
"""Row numbers, or times in milliseconds since 1970 UTC."""

Mask = NDArray[np.bool_]
"""Yes or no per cell."""

Side = Literal["buy", "sell"]
