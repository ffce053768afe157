"""LightGBM's parameters as a data scientist gives them: checked, by LightGBM's own names, before anything is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from features.home.errors import LeadlightError
from training.fit.trees import search_parameters
from training.model.model import Model

TreeSearch = bool | Mapping[str, Any]  # whether drawn parameters of the trees are tried too; or the ones to use
# What is settled elsewhere, and where; with others the model would be none that Leadlight can test, explain and serve.
SETTLED = {
    "objective": "the outcome is yes or no",
    "num_class": "the outcome is yes or no",
    "metric": "the number of trees is chosen by log loss",
    "boosting": "the number of trees is chosen while they grow",
    "linear_tree": "contributions would not be exact",
    "monotone_constraints": "directions are agreed in the agreement, as direction",
    "categorical_feature": "kinds are agreed in the agreement, or said in columns",
    "early_stopping_round": "how long is waited follows from learning_rate",
    "seed": "give train(seed=...)",
}


class ParameterError(LeadlightError):
    """A parameter that LightGBM does not know, or that is not for a training to choose."""

    code = "bad_parameter"


def checked_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters by LightGBM's main names: {"n_estimators": 300, "eta": 0.1} as num_iterations, learning_rate.

    Raises ParameterError for an unknown name, a name given twice, and for what is settled elsewhere.
    """
    checked: dict[str, Any] = {}
    for name, value in given.items():
        main = _main_names().get(name)
        if main is None:
            near = get_close_matches(name, sorted({*_main_names().values()}), n=1)
            remedy = f"did you mean {near[0]!r}?" if near else "see LightGBM's list of parameters"
            raise ParameterError(f"params: LightGBM has no parameter {name!r}; {remedy}")
        if main in SETTLED:
            raise ParameterError(f"params: {name} is not chosen here, since {SETTLED[main]}; leave it out")
        if main in checked:
            raise ParameterError(f"params: {main} is given twice, once under another name; leave one out")
        checked[main] = value
    return checked


def tried_parameters(search: TreeSearch, seed: int) -> Sequence[Mapping[str, Any]] | None:
    """The parameters among which held-out leads choose; None: those that are tried without a search."""
    if isinstance(search, Mapping):
        return [search]
    return search_parameters(seed) if search else None


def unused_parameters(model: Model) -> tuple[str, ...]:
    """The sentence that parameters of the trees had no effect on this model, where that is so."""
    if model.blend > 0:
        return ()
    few = "trees are fitted from 100 converted leads on, and there are fewer"
    why = "held-out leads liked the line alone best" if "trees" in model.facts else few
    return (f"The parameters that were given for the trees had no effect: {why}.",)


@cache
def _main_names() -> dict[str, str]:
    """Each name of a parameter of LightGBM, aliases too, and its main name."""
    from lightgbm.basic import _ConfigAliases  # the only list there is in Python; a test holds that it is there

    every: dict[str, list[str]] = _ConfigAliases._get_all_param_aliases()
    return {alias: main for main, aliases in every.items() for alias in (main, *aliases)}
