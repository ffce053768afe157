"""What the whole suite shares: no test reads a person's settings, and every drawn example is drawn again."""

from __future__ import annotations

import os

from hypothesis import settings

# The same examples on every machine, and no deadline: the first call compiles.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")

for name in [name for name in os.environ if name.startswith(("LEADLIGHT_", "MLFLOW_")) and "PUBLIC_DATA" not in name]:
    del os.environ[name]  # a home, database or registry of the person who runs the suite is none of its business
