"""The least a compiled kernel can cost: numpy and numba, imported (see `benchmarks.startup`)."""

import numba  # noqa: F401 - importing it is what is measured
import numpy as np  # noqa: F401
