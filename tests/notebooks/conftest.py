"""A notebook's one run, for all tests of its file."""

from __future__ import annotations

from typing import Any

import pytest

pytest.register_assert_rewrite("notebook_runs")

from notebook_runs import executed


@pytest.fixture(scope="module")
def notebook(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return executed(request.module.NOTEBOOK, request.module.PROMISES, tmp_path_factory.mktemp("notebook"))
