"""Who runs the many small errands of a night: Prefect tasks, or plain threads. Same errands, same retries."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from trendwarte.errors import ConfigError, DeliveryError, FetchError, TrendwarteError
from trendwarte.types import NotModified, Payload

In = TypeVar("In")
Out = TypeVar("Out")


class Engine(Protocol):
    """Runs one function over many inputs, each on its own, and gives results or errors in the same order."""

    name: str

    def map(
        self, label: str, errand: Callable[[In], Out], inputs: Sequence[In], *, retries: int, wait_s: float
    ) -> list[Out | TrendwarteError]:
        """Results in the order of ``inputs``; an input that failed for good gives its error."""
        ...


def can_retry(error: BaseException) -> bool:
    """Whether trying again tonight can help."""
    return isinstance(error, FetchError | DeliveryError) and not error.permanent


class PlainEngine:
    """Threads, no server."""

    name = "plain"

    def __init__(self, workers: int = 6) -> None:
        self._workers = workers

    def map(
        self, label: str, errand: Callable[[In], Out], inputs: Sequence[In], *, retries: int, wait_s: float
    ) -> list[Out | TrendwarteError]:
        """See ``Engine.map``."""

        def patient(one: In) -> Out | TrendwarteError:
            for attempt in range(retries + 1):
                try:
                    return errand(one)
                except TrendwarteError as error:
                    if attempt == retries or not can_retry(error):
                        return error
                    time.sleep(wait_s)
            raise AssertionError("unreachable")

        with ThreadPoolExecutor(self._workers) as pool:
            return list(pool.map(patient, inputs))


# An errand to a host with more sources than this is told by their number.
_TOLD_ONE_BY_ONE = 5


def _name(one: object) -> str:
    """What an errand is about, as the Prefect UI lists it."""
    if isinstance(one, list) and one:
        return f"{_name(one[0])} and {len(one) - 1} more" if len(one) > 1 else _name(one[0])
    found = getattr(one, "id", None) or getattr(one, "message_id", None) or one
    return str(found)[:80]


def _said(outcome: object) -> str:
    """How an errand ended, in a line: never its content, which may be personal or secret."""
    if isinstance(outcome, Payload):
        return f"{outcome.status}, {len(outcome.body)} bytes in {outcome.duration_s:.1f} s"
    if isinstance(outcome, NotModified):
        return f"{outcome.status}, not modified"
    if isinstance(outcome, FetchError):
        return f"{outcome.status or 'no answer'}, {outcome.state}"
    if isinstance(outcome, dict) and len(outcome) <= _TOLD_ONE_BY_ONE:
        return "; ".join(f"{_name(key)}: {_said(one)}" for key, one in outcome.items())
    if isinstance(outcome, dict):
        return f"{sum(not isinstance(one, FetchError) for one in outcome.values())} of {len(outcome)} answered"
    return f"{len(outcome)} found" if isinstance(outcome, dict | list | tuple) else "done"


class PrefectEngine:
    """Prefect tasks: one per input, visible in its UI, with its retries. Only inside a flow run.

    Tagged tasks can be limited by whoever runs the server that stays. Each tag makes a task ask the server for a slot,
    .2 to .6 s on two busy cores: a series of nights on a server of its own, where nobody can set a limit, goes without.
    """

    name = "prefect"

    def __init__(self, *, is_tagged: bool = True) -> None:
        self._is_tagged = is_tagged

    def map(
        self, label: str, errand: Callable[[In], Out], inputs: Sequence[In], *, retries: int, wait_s: float
    ) -> list[Out | TrendwarteError]:
        """See ``Engine.map``."""
        from prefect import task
        from prefect.cache_policies import NO_CACHE
        from prefect.context import TagsContext
        from prefect.states import Completed

        def shown(one: In) -> Any:
            outcome = errand(one)
            return Completed(message=_said(outcome), data=outcome)

        def may_retry(task_definition: Any, task_run: Any, state: Any) -> bool:
            error = state.result(raise_on_failure=False)
            return isinstance(error, BaseException) and can_retry(error)

        # Inputs are hashed by nothing and stored nowhere: they hold settings with secrets.
        job = task(  # type: ignore[call-overload]
            shown, name=label, retries=retries, retry_delay_seconds=wait_s, retry_condition_fn=may_retry,
            cache_policy=NO_CACHE, persist_result=False, log_prints=False,
        )  # fmt: skip
        # Tasks inherit the tags of their flow, so none at all means leaving its context.
        carried = TagsContext.get().current_tags | {label} if self._is_tagged else set()
        with TagsContext(current_tags=carried):
            futures = [job.with_options(task_run_name=f"{label} {_name(one)}").submit(one) for one in inputs]
        return [self._outcome(future.result(raise_on_failure=False)) for future in futures]

    def _outcome(self, result: Any) -> Any:
        if isinstance(result, BaseException) and not isinstance(result, TrendwarteError):
            raise result
        return result


class DaskEngine(PrefectEngine):
    """Prefect tasks on Dask workers for what is made to travel (batches into the lake); threads for the rest."""

    name = "dask"

    def map(
        self, label: str, errand: Callable[[In], Out], inputs: Sequence[In], *, retries: int, wait_s: float
    ) -> list[Out | TrendwarteError]:
        """See ``Engine.map``."""
        if label == "gather":
            return super().map(label, errand, inputs, retries=retries, wait_s=wait_s)
        return PlainEngine().map(label, errand, inputs, retries=retries, wait_s=wait_s)


def dask_runner() -> Any:
    """The task runner of a flow on Dask: the scheduler DASK_SCHEDULER_ADDRESS names, else two processes here.

    Raises:
        ConfigError: prefect-dask is not installed.
    """
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise ConfigError(["--engine dask needs more packages: pip install '.[growth]'"]) from error
    address = os.environ.get("DASK_SCHEDULER_ADDRESS", "")
    if address:
        return DaskTaskRunner(address=address)
    return DaskTaskRunner(cluster_kwargs={"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None})
