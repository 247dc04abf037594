"""Sends webhooks as GitHub does: signed, one after the other, and never again by itself.

Owns the way of a delivery from the outbox to its recorded answer. Each webhook has
its own order; different ones do not wait for each other.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import httpx
from anyio.abc import TaskGroup
from anyio.lowlevel import current_token

if TYPE_CHECKING:
    from callboard_github.simulator.faults import Faults
    from callboard_github.simulator.hook import Hook, HookDelivery
    from callboard_github.simulator.outbox import Outbox

RESPONSE_LIMIT = 10.0
"""Seconds after which github.com gives up on an answer."""

_ANSWER_KEPT = 64 * 1024


class Sender:
    """Drains an outbox while it is `running`.

    Args:
        outbox: What waits.
        faults: What happens to deliveries on their way.
        clock: Unix seconds.
    """

    def __init__(
        self, outbox: "Outbox", faults: "Faults", clock: Callable[[], float]
    ) -> None:
        self._outbox = outbox
        self._faults = faults
        self._clock = clock
        self._wake = anyio.Event()
        self._settled = anyio.Event()
        self._held = 0
        self._busy: set[Hook] = set()
        self.response_limit = RESPONSE_LIMIT

    @asynccontextmanager
    async def running(
        self, transport: httpx.AsyncBaseTransport | None = None
    ) -> AsyncGenerator[None]:
        """Send what comes into the outbox, until the block is left.

        Leaving, or being cancelled, drops connections at once; what waits stays in
        the outbox, and what was on its way is recorded as failed.

        Args:
            transport: How to reach the receivers, instead of by network: for example
                ``httpx.ASGITransport`` for an application in the same process.
        """
        self._outbox.listen(self._waker())
        failure: Exception | None = None
        try:
            async with (
                httpx.AsyncClient(
                    transport=transport, timeout=self.response_limit, trust_env=False
                ) as client,
                anyio.create_task_group() as group,
            ):
                group.start_soon(self._dispatch, client, group)
                try:
                    yield
                except Exception as error:  # noqa: BLE001 - raised again below
                    # Out of the task group, so that it is not wrapped in another.
                    failure = error
                group.cancel_scope.cancel()
        finally:
            self._outbox.listen(None)
        if failure is not None:
            raise failure

    async def settled(self) -> None:
        """Wait until everything that was to be sent has been answered, or has failed."""
        while self._held or self._busy or len(self._outbox):
            self._settled = anyio.Event()
            await self._settled.wait()

    def _waker(self) -> Callable[[], None]:
        # A verb may be called from any thread, with the state locked: so it must
        # not wait for this loop.
        native = current_token().native_token
        trio_or_asyncio = ("run_sync_soon", "call_soon_threadsafe")
        soon: Callable[[Callable[[], None]], object] = next(
            getattr(native, name) for name in trio_or_asyncio if hasattr(native, name)
        )

        def wake() -> None:
            soon(self._notice)

        return wake

    def _notice(self) -> None:
        self._wake.set()

    async def _dispatch(self, client: httpx.AsyncClient, group: TaskGroup) -> None:
        while True:
            self._wake = anyio.Event()
            for hook in self._outbox.waiting():
                if hook not in self._busy:
                    self._busy.add(hook)
                    group.start_soon(self._drain, hook, client, group)
            await self._wake.wait()

    async def _drain(
        self, hook: "Hook", client: httpx.AsyncClient, group: TaskGroup
    ) -> None:
        queue = self._outbox.queue(hook)
        try:
            while queue:
                place = self._faults.choose(len(queue))
                delivery = queue[place]
                del queue[place]
                await self._deliver(delivery, client, group)
        finally:
            self._busy.discard(hook)
            self._settled.set()
            self._wake.set()

    async def _deliver(
        self, delivery: "HookDelivery", client: httpx.AsyncClient, group: TaskGroup
    ) -> None:
        fate = self._faults.fate(delivery)
        if fate == "lost":
            delivery.hook.deliveries.remove(delivery)
        elif fate == "failed":
            delivery.answered(502, "failed to connect to host", self._clock(), 0.0)
        elif fate == "swallowed":
            delivery.answered(200, "OK", self._clock(), 0.01)
        elif fate == "delayed":
            self._held += 1
            delivery.throttled = self._clock()
            group.start_soon(self._later, delivery, client)
        else:
            for _ in range(2 if fate == "duplicated" else 1):
                await self._post(delivery, client)

    async def _later(self, delivery: "HookDelivery", client: httpx.AsyncClient) -> None:
        try:
            await anyio.sleep(self._faults.webhooks.delay)
            await self._post(delivery, client)
        finally:
            self._held -= 1
            self._settled.set()

    async def _post(self, delivery: "HookDelivery", client: httpx.AsyncClient) -> None:
        began = self._clock()

        async def note(step: str, _told: object) -> None:
            nonlocal began
            if step == "http11.send_request_headers.started":
                began = self._clock()  # making the request is no time of the receiver's

        # What stays recorded if the sender is stopped meanwhile.
        code, status = 502, "failed to connect to host"
        try:
            with anyio.fail_after(self.response_limit):
                response = await client.post(
                    delivery.hook.url,
                    content=delivery.content,
                    headers=delivery.headers,
                    extensions={"trace": note},
                )
            code = response.status_code
            status = "OK" if response.is_success else f"Invalid HTTP Response: {code}"
            delivery.response_headers = dict(response.headers)
            delivery.response_body = response.text[:_ANSWER_KEPT]
        except (TimeoutError, httpx.TimeoutException):
            code, status = 504, "timed out"
        except httpx.HTTPError:
            # The words are set above: connection refused, reset, not HTTP at all.
            pass
        finally:
            delivery.answered(code, status, began, self._clock() - began)
