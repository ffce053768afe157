"""What `leadlight train` makes of given train rows, and what `leadlight recalibrate` makes of that."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.fit import learned as learned
from training.model import Calibrator
from training.recalibrate import map_of as own_map
from training.recalibrate import newest

Floats = npt.NDArray[np.float64]


def map_of(margin: Floats, outcome: Floats, leads: npt.NDArray[np.object_]) -> Calibrator:
    """The affine map that recent rows ask for by the product's own rule, the same for everybody's log-odds."""
    return own_map(margin, outcome, leads)


__all__ = ["learned", "map_of", "newest"]
