"""Every provider and how it fares, from what is in memory."""

import math
from collections.abc import Iterable, Mapping

from msgspec import Struct, field, structs

from callboard import clock
from callboard.journal import ActionEntry
from callboard.provider import Handler, Provider
from callboard.standing import Pause, Standing
from callboard.states import State
from callboard.task import Task
from callboard_inspector.cutting import cut_failure
from callboard_inspector.questions import (
    HandlerView,
    PauseView,
    ProvidersAnswer,
    ProviderView,
)
from callboard_inspector.watched import Watched

_FAILURE = 16 * 1024


class _Tally(Struct):
    """What the runs in memory say of one provider."""

    running: int = 0
    completed: int = 0
    errored: int = 0
    halted: int = 0
    seconds: list[float] = field(default_factory=list[float])
    lags: list[float] = field(default_factory=list[float])
    last_at: float | None = None
    last_error: Task | None = None

    def count(self, task: Task, lag: float | None) -> None:
        """Take one of its tasks into account, and how late its run began."""
        if not task.state.final:
            self.running += 1
            return
        if task.state is State.COMPLETED:
            self.completed += 1
        elif task.state is State.HALTED:
            self.halted += 1
        else:
            self.errored += 1
            newest = self.last_error
            if newest is None or (newest.ended or 0.0) < (task.ended or 0.0):
                self.last_error = task
        if task.ended is not None:
            self.seconds.append(task.ended - (task.started or task.created))
            self.last_at = max(self.last_at or 0.0, task.ended)
            if lag is not None:
                self.lags.append(lag)


def provider_views(
    watched: Watched, actions: Mapping[str, list[ActionEntry]]
) -> ProvidersAnswer:
    """See ``OfProviders``. Reads memory only; slow enough for a worker thread."""
    tallies: dict[str, _Tally] = {p.name: _Tally() for p in watched.providers}
    since = clock.now()
    for tree in tuple(watched.trace.trees.values()):
        since = min(since, tree.root.created)
        delivery = watched.trace.deliveries.get(tree.delivery)
        lag = None
        # A further attempt is late by policy, not for want of time.
        if delivery is not None and delivery.run == tree.run and delivery.attempts == 1:
            lag = max(tree.root.created - delivery.received_at, 0.0)
        for task in tuple(tree.providers):
            tallies.setdefault(task.name, _Tally()).count(task, lag)
    due = {tick.handler.name: tick.due for tick in watched.ticks()}
    standings = watched.standings()
    views = [
        structs.replace(
            _view(provider, tallies[provider.name], due, standings.get(provider.name)),
            actions=actions.get(provider.name, []),
        )
        for provider in watched.providers
    ]
    return ProvidersAnswer(views, since)


def _view(
    provider: Provider,
    tally: _Tally,
    due: Mapping[str, float],
    standing: Standing | None,
) -> ProviderView:
    error = tally.last_error
    failure = None if error is None else error.failure
    kind = type(provider)
    return ProviderView(
        name=provider.name,
        kind=f"{kind.__module__}.{kind.__qualname__}",
        timeout=provider.timeout,
        attempts=provider.retry.attempts,
        concurrency=provider.concurrency,
        handlers=[_handler(handler, due) for handler in provider.handlers()],
        running=tally.running,
        waiting=0 if standing is None else standing.waiting,
        completed=tally.completed,
        errored=tally.errored,
        halted=tally.halted,
        p50=_percentile(tally.seconds, 0.50),
        p95=_percentile(tally.seconds, 0.95),
        lag=_percentile(tally.lags, 0.50),
        last_at=tally.last_at,
        last_error=None if failure is None else cut_failure(failure, _FAILURE),
        last_error_delivery=None if error is None else error.tree.delivery,
        last_error_task=None if error is None else error.id,
        last_error_at=None if error is None else error.ended,
        pause=None if standing is None else _pause(standing.paused),
    )


def _pause(pause: Pause | None) -> PauseView | None:
    if pause is None:
        return None
    return PauseView(since=pause.since, until=pause.until, reason=pause.reason)


def _handler(handler: Handler, due: Mapping[str, float]) -> HandlerView:
    return HandlerView(
        method=handler.method,
        events=[str(event) for event in handler.events],
        ordered_by=handler.ordered_by,
        every=handler.every,
        cron=handler.cron,
        due=due.get(handler.name),
    )


def _percentile(seconds: Iterable[float], share: float) -> float | None:
    ranked = sorted(seconds)
    if not ranked:
        return None
    return ranked[max(math.ceil(len(ranked) * share) - 1, 0)]
