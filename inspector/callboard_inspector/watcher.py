"""One watcher: a cursor into the trace and the two halves of a conversation.

Owns the pace. The first change after a silence goes out at once, then one batch every
50 ms, or 250 ms to a watcher whose last send was slow. Nothing is queued for it but the
answers to its own questions: what it is sent next is read when it is sent.
"""

import logging
import math
from collections import deque
from typing import Protocol

import anyio
import msgspec
from anyio.lowlevel import checkpoint

from callboard_inspector.actions import Actions
from callboard_inspector.batches import LIST
from callboard_inspector.detail import Details
from callboard_inspector.feed import BEAT, Feed
from callboard_inspector.pace import Allowance, Pace
from callboard_inspector.snapshots import snapshot_of_list, snapshot_of_tree
from callboard_inspector.wire import (
    FRAME_LIMIT,
    Bye,
    Command,
    Detail,
    Gap,
    Inspect,
    Result,
    Scope,
    Subscribe,
    decode,
    encode,
    encode_within,
)

logger = logging.getLogger(__name__)

SCOPES = 4
"""Trees that one watcher sees at once."""
OPEN = 16
"""Questions and commands of one watcher whose answers are not yet sent."""
_FIRST_WORD = 10.0
"""Seconds that a watcher has to say what it wants."""


class Socket(Protocol):
    """One connection, text messages only."""

    async def send(self, text: str) -> None:
        """Send one message. May return silently when nobody is there any more."""
        ...

    async def receive(self) -> str | None:
        """The next message; None once the other side has gone."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close the connection."""
        ...


class Watcher:
    """Serves one connection; ``serve`` returns when it is over."""

    def __init__(
        self, feed: Feed, details: Details, actions: Actions | None, socket: Socket
    ) -> None:
        """``actions`` None: this watcher may only look."""
        self._feed = feed
        self._trace = feed.watched.trace
        self._details = details
        self._actions = actions
        self._socket = socket
        self._cursor: int | None = None
        """None before the first ``subscribe``."""
        self._scopes: dict[str, Scope] = {}
        self._wanted: deque[str] = deque()
        """Scopes whose snapshot is still to be sent."""
        self._outbox: deque[Detail | Result] = deque()
        self._room = anyio.Semaphore(OPEN)
        self._heard = False
        self._farewell: Bye | None = None
        self._alarm = anyio.Event()
        self._pace = Pace()
        self._allowance = Allowance()
        self._gaps = 0
        self._lost = 0
        self._blocked: object = None

    async def serve(self) -> None:
        """Talk until either side has had enough.

        The reader's end cancels everything: a server may drop what is sent to a closed
        tab without a word and without a checkpoint, so sending alone would never end.
        """
        async with anyio.create_task_group() as group:
            group.start_soon(self._write, group.cancel_scope)
            async with anyio.create_task_group() as answers:
                await self._read(answers)
                answers.cancel_scope.cancel()
            if self._farewell is None:
                group.cancel_scope.cancel()

    async def _read(self, answers: anyio.abc.TaskGroup) -> None:
        while self._farewell is None:
            text = await self._socket.receive()
            if text is None:
                return
            if len(text.encode("utf-8", "surrogatepass")) > FRAME_LIMIT:
                self._leave(Bye("protocol", f"a frame is at most {FRAME_LIMIT} bytes"))
                return
            if not self._allowance.take():
                self._leave(Bye("flood", "too many frames in a short time"))
                return
            try:
                frame = decode(text)
            except (msgspec.MsgspecError, RecursionError) as error:
                self._leave(Bye("protocol", f"no frame of this protocol: {error}"))
                return
            self._heard = True
            if isinstance(frame, Subscribe):
                self._subscribe(frame)
                continue
            # Held until the answer is sent: whoever does not read is not read from, so
            # that what waits for it stays bounded.
            await self._room.acquire()
            answers.start_soon(self._answer, frame)

    def _leave(self, bye: Bye) -> None:
        self._farewell = bye
        self._alarm.set()

    def _subscribe(self, frame: Subscribe) -> None:
        if len(frame.scopes) > SCOPES:
            came = len(frame.scopes)
            self._leave(
                Bye("protocol", f"expected at most {SCOPES} scopes, got {came}")
            )
            return
        before = self._scopes
        self._scopes = {scope.delivery: scope for scope in frame.scopes}
        resume = frame.resume
        first = self._cursor is None
        if first:
            self._cursor = self._trace.sequence
            resumed = (
                resume is not None
                and resume.boot == self._trace.boot
                and resume.sequence <= self._cursor
            )
            if resume is not None and resumed:
                self._cursor = resume.sequence
            else:
                self._want(LIST)
        for delivery, scope in self._scopes.items():
            known = before.get(delivery)
            if known is None or known.run != scope.run:
                if first and scope.held and LIST not in self._wanted:
                    continue  # the deltas after ``resume`` bring it up to date
                self._want(delivery)
        self._alarm.set()

    def _want(self, scope: str) -> None:
        if scope not in self._wanted:
            self._wanted.append(scope)

    async def _answer(self, frame: Inspect | Command) -> None:
        if isinstance(frame, Inspect):
            self._post(await self._details.answer(frame))
        elif self._actions is not None:
            self._post(await self._actions.do(frame))
        else:
            refusal = "watching only: actions are switched off, or need the launch link"
            self._post(Result(frame.command, ok=False, message=refusal))

    def _post(self, frame: Detail | Result) -> None:
        self._outbox.append(frame)
        self._alarm.set()

    async def _write(self, scope: anyio.CancelScope) -> None:
        next_beat = -math.inf
        patience = anyio.current_time() + _FIRST_WORD
        while True:
            # A new alarm first: what happens from here on is not slept through.
            alarm = self._alarm = anyio.Event()
            if self._feed.closing and self._farewell is None:
                self._farewell = Bye("shutdown", "the server ends")
            if self._farewell is not None:
                await self._part(self._farewell)
                scope.cancel()
                return
            while self._outbox:
                await self._send(encode_within(self._outbox.popleft()))
                self._room.release()
            if self._cursor is None:
                if not self._heard and anyio.current_time() >= patience:
                    self._leave(Bye("protocol", f"no frame in {_FIRST_WORD:g} s"))
                with anyio.move_on_after(BEAT):
                    await alarm.wait()
                continue
            if self._wanted:
                await self._snapshot(self._wanted.popleft())
                continue
            if self._pending and self._pace.due <= anyio.current_time():
                await self._changes(self._cursor)
                if self._wanted:
                    continue  # a beat would promise what the snapshots have yet to say
            blocked = self._feed.blockage()
            if anyio.current_time() >= next_beat or blocked is not self._blocked:
                self._blocked = blocked
                next_beat = anyio.current_time() + BEAT
                await self._send(encode(self._feed.beat(self._cursor)))
            await self._rest(alarm, next_beat)

    async def _rest(self, alarm: anyio.Event, until: float) -> None:
        """Sleep until something happens, a batch is due, or the next beat is."""
        pending = self._pending
        if not pending:
            self._feed.listen(alarm)
            pending = self._pending  # it may have moved before we listened
        if pending:
            # It waits for its turn: no further change needs to wake us.
            until = min(until, self._pace.due)
        try:
            with anyio.CancelScope(deadline=until):
                await alarm.wait()
        finally:
            self._feed.ignore(alarm)

    @property
    def _pending(self) -> bool:
        return self._cursor is not None and self._trace.sequence > self._cursor

    async def _changes(self, cursor: int) -> None:
        batch = self._feed.batches.after(cursor, self._pace.length)
        if batch is None:
            newest = self._trace.sequence
            self._gaps += 1
            self._lost += newest - cursor
            self._cursor = newest
            await self._send(
                encode(
                    Gap(
                        start=cursor,
                        end=newest,
                        reason="this watcher was slower than the ring is long",
                        gaps=self._gaps,
                        lost=self._lost,
                    )
                )
            )
            for scope in (LIST, *self._scopes):
                self._want(scope)
            self._alarm.set()
            return
        texts = [
            text
            for scope in tuple(self._scopes)
            if batch.touches(scope)
            for text in batch.frames(scope)
        ]
        if texts or batch.touches(LIST):
            texts += batch.frames(LIST)
        with self._pace.measured(self._feed.watchers):
            for text in texts:
                await self._send(text)
        self._cursor = batch.end

    async def _snapshot(self, scope: str) -> None:
        if scope == LIST:
            frames = snapshot_of_list(self._trace)
        elif scope in self._scopes:
            run = self._scopes[scope].run
            frames = await snapshot_of_tree(self._feed.watched, scope, run)
        else:
            return  # no longer wanted
        with self._pace.measured(self._feed.watchers):
            for frame in frames:
                await self._send(encode(frame))

    async def _part(self, bye: Bye) -> None:
        await self._send(encode(bye))
        codes = {"shutdown": 1001, "full": 1013, "protocol": 1002, "flood": 1008}
        await self._socket.close(codes[bye.code], bye.reason[:100])

    async def _send(self, text: str) -> None:
        await self._socket.send(text)
        # Some servers' send never yields once the other side has gone.
        await checkpoint()
