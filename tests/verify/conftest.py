"""What the tests of correlations share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sigmaglot.compiler import Result, compile_correlation
from sigmaglot.verify import correlations


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change what the compiler writes, or claims, of every correlation that is verified."""

    def plant(change: Callable[[Result], Result]) -> None:
        def compiled(*args: Any) -> Result:
            return change(compile_correlation(*args))

        monkeypatch.setattr(correlations, "compile_correlation", compiled)

    return plant
