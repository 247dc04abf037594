"""The frames of ``callboard.v1``: the one definition of what goes over the socket.

Owns the envelopes in both directions. Everything that changes often travels as rows
(``rows``), everything that is asked for as answers (``questions``). The page's
``wire.d.ts`` is generated from these types.
"""

from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from callboard_inspector.questions import Answer, Question
from callboard_inspector.rows import DeliveryRow, Gone, TaskRow

PROTOCOL = "callboard.v1"

FRAME_AIM = 256 * 1024
"""Bytes that a frame aims to stay below; a list that would not is sent in several."""
FRAME_LIMIT = 1024 * 1024
"""Bytes that no frame exceeds, in either direction."""

CommandKind = Literal["cancel", "replay", "park", "unpark", "pause", "resume"]


class Limits(Struct, frozen=True):
    """What the server keeps to."""

    frame: int
    """Bytes of the largest frame."""
    list: int
    """Deliveries in the first snapshot; older ones are asked for."""
    beat: float
    """Seconds between beats. Two missed: what the page shows is stale."""
    scopes: int
    """Deliveries whose trees may be watched at once."""
    open: int
    """Questions and commands without an answer; more are read when one is answered."""


class Place(Struct, frozen=True):
    """Where a source's webhooks are to be sent."""

    source: str
    path: str
    url: str | None = None
    """The whole address, as this machine reaches it; None where it is not known."""


class Hello(Struct, frozen=True, tag_field="type", tag="hello"):
    """The first frame, before anything is subscribed to."""

    protocol: str
    boot: str
    """Another value than before: the server was restarted, and counts anew."""
    time: float
    """The server's clock, Unix milliseconds."""
    limits: Limits
    capabilities: list[str]
    """What may be commanded here, by the kinds of ``command``; none: only watching."""
    places: list[Place]
    words: dict[str, str]
    """Titles that this installation gives to parts of the page."""
    who: str | None = None
    """The name under which what is done from here is recorded."""
    refused: str | None = None
    """Why nothing can be commanded from here though others may, for people."""


class Snapshot(
    Struct, frozen=True, tag_field="type", tag="snapshot", omit_defaults=True
):
    """Everything in one scope, as ``begin``, any number of ``nodes``, and ``end``.

    The scope "" is the list of deliveries; any other is the id of a delivery, whose
    newest or named run's tree follows. What was known of the scope is replaced.
    """

    scope: str
    part: Literal["begin", "nodes", "end"]
    sequence: int
    time: float
    base: int = 0
    """Unix milliseconds that the rows' times count from."""
    strings: list[str] = []
    """What the rows' string fields point into."""
    deliveries: list[DeliveryRow] = []
    tasks: list[TaskRow] = []
    run: str | None = None
    """Whose tree it is; None when the delivery has not run."""
    note: str | None = None
    """Why the tree is missing or not whole, for people."""
    older: dict[str, int] = {}
    """At the end of the list: deliveries that are not in it, because memory has let go of
    them since the start, by the state they were in. The journal may have them."""
    floor: str = ""
    """At the end of the list: every delivery with a greater id is in it. What failed is
    remembered for longer than what ended well, so below it some may be missing."""


class Delta(
    Struct,
    frozen=True,
    tag_field="type",
    tag="delta",
    omit_defaults=True,
    rename={"start": "from", "end": "to"},
):
    """What changed in one scope after ``from``, up to ``to``: absolute values.

    Applying one twice changes nothing: a row with a lower revision than the one that is
    known is left out. The scope "" comes last, and it alone moves the cursor to ``to``.
    """

    scope: str
    start: int
    end: int
    time: float
    base: int = 0
    strings: list[str] = []
    deliveries: list[DeliveryRow] = []
    tasks: list[TaskRow] = []
    gone: list[Gone] = []
    """Tasks that were folded into their parents, to bound the tree."""


class Gap(
    Struct,
    frozen=True,
    tag_field="type",
    tag="gap",
    rename={"start": "from", "end": "to"},
):
    """The watcher was too slow for the ring: snapshots of all its scopes follow."""

    start: int
    end: int
    reason: str
    gaps: int
    """Gaps on this connection so far, with this one."""
    lost: int
    """Operations superseded on this connection so far."""


class Blocked(Struct, frozen=True):
    """A task that holds the runs' event loop at this moment."""

    task: str
    name: str
    since: float
    """Unix milliseconds."""
    file: str
    """Where it stands; empty where no line of the program's own is known."""
    line: int
    function: str
    source: str


class Beat(Struct, frozen=True, tag_field="type", tag="beat"):
    """The server is alive, at ``time``, and everything up to ``sequence`` was sent."""

    sequence: int
    time: float
    loop_lag: float
    """Seconds by which the runs' loop was late; it grows while a task holds it."""
    running: int
    """Runs in progress."""
    tasks: int
    """Open tasks of all runs."""
    watchers: int
    blocked: Blocked | None = None


class Detail(Struct, frozen=True, tag_field="type", tag="detail"):
    """The answer to an ``inspect`` with the same ``request``."""

    request: int
    revision: int = 0
    unchanged: bool = False
    """The asker's revision is the newest: there is no answer."""
    answer: Answer | None = None
    error: str | None = None
    """Why there is no answer, for people."""


class Result(Struct, frozen=True, tag_field="type", tag="result"):
    """What became of a command."""

    command: int
    ok: bool
    message: str
    delivery: str | None = None
    """The delivery that a replay made."""


class Bye(Struct, frozen=True, tag_field="type", tag="bye"):
    """The last frame, when it is the server that leaves."""

    code: Literal["shutdown", "full", "protocol", "flood"]
    reason: str


class Resume(Struct, frozen=True):
    """Where the watcher was when it lost the connection."""

    boot: str
    sequence: int


class Scope(Struct, frozen=True):
    """A delivery whose tree is watched."""

    delivery: str
    run: str | None = None
    """None for its newest run, and those that follow."""
    held: bool = False
    """The watcher has the tree, as it was at ``resume``."""


class Subscribe(Struct, frozen=True, tag_field="type", tag="subscribe"):
    """What to watch from now on; replaces what was said before."""

    scopes: list[Scope] = []
    resume: Resume | None = None


class Inspect(Struct, frozen=True, tag_field="type", tag="inspect"):
    """A question. ``revision`` is that of the answer already held, if any."""

    request: int
    question: Question
    revision: int | None = None


class Command(Struct, frozen=True, tag_field="type", tag="command"):
    """Something to do."""

    command: int
    kind: CommandKind
    target: str
    """A run, task, delivery or provider, as ``kind`` wants it."""
    if_revision: int | None = None
    """Refuse if the target has changed since."""
    payload: str | None = None
    """For ``replay``: run it with this JSON document instead of what arrived."""


ServerFrame: TypeAlias = Hello | Snapshot | Delta | Gap | Beat | Detail | Result | Bye
ClientFrame: TypeAlias = Subscribe | Inspect | Command

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ClientFrame)
_server_decoder = msgspec.json.Decoder(ServerFrame)


def encode(frame: ServerFrame | ClientFrame) -> str:
    """``frame`` as the text of one message."""
    return _encoder.encode(frame).decode()


def encode_within(frame: Detail | Result) -> str:
    """As ``encode``; what exceeds the largest frame is replaced by a word on it."""
    text = _encoder.encode(frame)
    if len(text) > FRAME_LIMIT and isinstance(frame, Detail):
        message = f"the answer has {len(text):,} bytes, more than a frame may have"
        text = _encoder.encode(Detail(frame.request, error=message))
    return text.decode()


def decode(text: str | bytes) -> ClientFrame:
    """The frame in a message.

    Raises:
        msgspec.MsgspecError: It is no frame of this protocol.
    """
    return _decoder.decode(text)


def decode_server(text: str | bytes) -> ServerFrame:
    """The frame in a message from a server, for clients.

    Raises:
        msgspec.MsgspecError: It is no frame of this protocol.
    """
    return _server_decoder.decode(text)
