"""The gate `better_than_average`: half of all models of pure noise are better by luck, and few of them pass."""

from __future__ import annotations

import numpy as np

from training.evaluate.comparison import comparison
from training.gates.better_than_average import better_than_average
from training.gates.gate import Gate


def gate(signal: float, doubt: float, seed: int, leads: int = 400, rate: float = 0.2) -> Gate:
    """Of a model whose logits follow the truth by `signal` and noise by `doubt`."""
    draws = np.random.default_rng(seed)
    base = np.log(rate / (1 - rate))
    true = signal * draws.normal(size=leads)
    outcome = draws.random(leads) < 1 / (1 + np.exp(-base - true))
    said = 1 / (1 + np.exp(-base - true - doubt * draws.normal(size=leads)))
    average, ours = comparison({"leadlight": said, "constant": np.full(leads, rate)}, outcome, list(range(leads)))[::-1]
    return better_than_average(ours.log_loss, average.log_loss, average.excess_interval)


def test_pure_noise_passes_in_at_most_5_of_60() -> None:
    """Shrunk noise, as a fit that found nothing leaves it: nearly as good as the average, and often better by luck."""
    passed = [gate(0.0, 0.1, seed) for seed in range(60)]
    assert sum(one.passed for one in passed) <= 5
    lucky = [one for one in passed if one.value is not None and one.limit is not None and one.value < one.limit]
    assert len(lucky) > 10  # whom the rule before let through
    assert any("is not shown" in one.why for one in lucky)


def test_a_model_that_learned_something_passes() -> None:
    assert all(gate(1.0, 0.1, seed).passed for seed in range(10))


def test_without_tested_leads_there_is_nothing_to_say() -> None:
    assert not better_than_average(None, None, None).passed
    assert not better_than_average(0.2, 0.3, None).passed  # one lead has no interval
