"""Every provider and how it fares, from what is in memory."""

from collections.abc import Iterable

from msgspec import Struct, field

from callboard import clock
from callboard.provider import Handler, Provider
from callboard.states import State
from callboard.task import Task
from callboard_inspector.cutting import cut_failure
from callboard_inspector.questions import HandlerView, ProvidersAnswer, ProviderView
from callboard_inspector.watched import Watched

_SCHEDULE = "schedule"
_FAILURE = 16 * 1024


class _Tally(Struct):
    """What the runs in memory say of one provider."""

    running: int = 0
    completed: int = 0
    errored: int = 0
    halted: int = 0
    seconds: list[float] = field(default_factory=list[float])
    last_at: float | None = None
    last_error: Task | None = None

    def count(self, task: Task) -> None:
        """Take one of its tasks into account."""
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


def provider_views(watched: Watched) -> ProvidersAnswer:
    """See ``OfProviders``. Reads memory only; slow enough for a worker thread."""
    tallies: dict[str, _Tally] = {p.name: _Tally() for p in watched.providers}
    since = clock.now()
    for tree in tuple(watched.trace.trees.values()):
        since = min(since, tree.root.created)
        for task in tuple(tree.root.children.values()):
            if task.kind == "provider":
                tallies.setdefault(task.name, _Tally()).count(task)
    ticks = _last_ticks(watched)
    views = [
        _view(provider, tallies[provider.name], ticks) for provider in watched.providers
    ]
    return ProvidersAnswer(views, since)


def _last_ticks(watched: Watched) -> dict[tuple[str, str | None], float]:
    ticks: dict[tuple[str, str | None], float] = {}
    for view in tuple(watched.trace.deliveries.values()):
        if view.source == _SCHEDULE:
            ticks[view.event, view.action] = view.received_at
    return ticks


def _view(
    provider: Provider, tally: _Tally, ticks: dict[tuple[str, str | None], float]
) -> ProviderView:
    error = tally.last_error
    failure = None if error is None else error.failure
    kind = type(provider)
    return ProviderView(
        name=provider.name,
        kind=f"{kind.__module__}.{kind.__qualname__}",
        timeout=provider.timeout,
        attempts=provider.retry.attempts,
        handlers=[_handler(handler, ticks) for handler in provider.handlers()],
        running=tally.running,
        completed=tally.completed,
        errored=tally.errored,
        halted=tally.halted,
        p50=_percentile(tally.seconds, 0.50),
        p95=_percentile(tally.seconds, 0.95),
        last_at=tally.last_at,
        last_error=None if failure is None else cut_failure(failure, _FAILURE),
        last_error_delivery=None if error is None else error.tree.delivery,
        last_error_task=None if error is None else error.id,
    )


def _handler(
    handler: Handler, ticks: dict[tuple[str, str | None], float]
) -> HandlerView:
    last = ticks.get((handler.provider.name, handler.method))
    due = None
    if handler.every is not None and last is not None:
        due = last + handler.every
    return HandlerView(
        method=handler.method,
        events=[str(event) for event in handler.events],
        ordered_by=handler.ordered_by,
        every=handler.every,
        due=due,
    )


def _percentile(seconds: Iterable[float], share: float) -> float | None:
    ranked = sorted(seconds)
    if not ranked:
        return None
    return ranked[min(int(len(ranked) * share), len(ranked) - 1)]
