"""How an error of ours ends a task: as one sentence in its log, without Python's stack; light to import."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from municipal_indicators.errors import IndicatorsError

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


def plainly(work: Callable[P, R]) -> Callable[P, R]:
    """Log an error of ours as its message alone, then raise it so that Airflow adds no stack.

    At Airflow's logging level DEBUG it is raised as it is. Other errors always show their stack.
    """

    @wraps(work)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return work(*args, **kwargs)
        except IndicatorsError as error:
            if log.isEnabledFor(logging.DEBUG):
                raise
            log.error("%s", error)
            raise _without_stack(error) from None

    return told


def _without_stack(error: IndicatorsError) -> IndicatorsError:
    """The same error as a SystemExit too: the only kind that Airflow's task runner logs without its stack."""
    kind = cast("type[IndicatorsError]", type(type(error).__name__, (type(error), SystemExit), {}))
    ended = kind.__new__(kind)
    ended.__dict__.update(error.__dict__)
    ended.args, ended.code = error.args, 1  # type: ignore[attr-defined]  # that of SystemExit
    return ended
