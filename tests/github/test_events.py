"""The generated event types and how payloads become them."""

import ast
import hashlib
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import assert_never

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callboard_github.events
from callboard.event import EventName, Untyped
from callboard_github.events import (
    KNOWN_EVENTS,
    InstallationCreated,
    MembershipAdded,
    MembershipRemoved,
    OrganizationMemberAdded,
    Ping,
    Push,
    RepositoryDispatch,
    RepositoryRenamed,
    Team,
    TeamCreated,
    TeamEdited,
    decode,
)
from callboard_github.events.decode import decoder_of
from callboard_github.events.index import MODULES
from callboard_github.events.payload import Payload

ROOT = Path(__file__).parents[2]
PAYLOADS = Path(__file__).parent / "payloads"
EVENTS = Path(inspect.getfile(callboard_github.events)).parent
SCRIPT = ROOT / "scripts" / "generate_events.py"
BY_HAND = {"__init__.py", "decode.py", "payload.py", "manifest.json"}


def sample(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def changed(name: str, **fields: object) -> bytes:
    return json.dumps(json.loads(sample(name)) | fields).encode()


def event_classes() -> list[type[Payload]]:
    found: list[type[Payload]] = []
    for name in MODULES:
        item: object = getattr(callboard_github.events, name)
        if isinstance(item, type) and issubclass(item, Payload):
            found.append(item)
    return [item for item in found if hasattr(item, "__event__")]


SAMPLES: list[tuple[str, type[Payload]]] = [
    ("membership.added", MembershipAdded),
    ("membership.removed.deleted_team", MembershipRemoved),
    ("team.created", TeamCreated),
    ("team.edited", TeamEdited),
    ("organization.member_added", OrganizationMemberAdded),
    ("repository.renamed", RepositoryRenamed),
    ("installation.created", InstallationCreated),
    ("push", Push),
    ("ping", Ping),
]


@pytest.mark.parametrize(("name", "kind"), SAMPLES)
def test_payload_becomes_the_class_of_its_event_and_action(
    name: str, kind: type[Payload]
) -> None:
    event = decode(name.partition(".")[0], sample(name))
    assert type(event) is kind, event


def test_fields_are_the_payloads() -> None:
    event = decode("team", sample("team.edited"))
    assert isinstance(event, TeamEdited)
    assert event.team.slug == "costume"
    assert event.team.parent is not None
    assert event.team.parent.slug == "backstage"
    assert event.changes.name is not None
    assert event.changes.name.from_ == "Wardrobe"
    assert event.organization.login == "globe"


def test_push_tells_files_of_every_commit() -> None:
    event = decode("push", sample("push"))
    assert isinstance(event, Push)
    assert [commit.added for commit in event.commits] == [["catalog-info.yaml"], [], []]
    assert event.repository.default_branch == "main"


def test_removal_from_a_deleted_team_has_no_slug() -> None:
    event = decode("membership", sample("membership.removed.deleted_team"))
    assert isinstance(event, MembershipRemoved)
    assert (event.team.id, event.team.slug, event.team.deleted) == (42, None, True)


def test_action_tells_classes_apart_for_the_type_checker() -> None:
    def slug(event: MembershipAdded | MembershipRemoved) -> str | None:
        if event.action == "added":
            return event.team.slug.upper()  # a str only in MembershipAdded
        if event.action == "removed":
            return event.team.slug
        assert_never(event.action)

    event = decode("membership", sample("membership.added"))
    assert isinstance(event, MembershipAdded)
    assert slug(event) == "WARDROBE"


def test_action_is_written_where_the_event_is_encoded_again() -> None:
    event = decode("team", sample("team.created"))
    document = json.loads(msgspec.json.encode(event))
    assert document["action"] == "created"
    assert document["team"]["slug"] == "wardrobe"


def test_dispatched_action_is_the_senders_choice() -> None:
    body = json.dumps(
        {
            "action": "raise.curtain",
            "branch": "main",
            "client_payload": {"act": 1},
            "installation": {"id": 1},
            "repository": json.loads(sample("push"))["repository"],
        }
    ).encode()
    event = decode("repository_dispatch", body)
    assert isinstance(event, RepositoryDispatch), event
    assert event.action == "raise.curtain"
    assert event.client_payload == {"act": 1}


def test_unknown_fields_are_ignored() -> None:
    body = changed("team.created", applause={"minutes": 5})
    assert isinstance(decode("team", body), TeamCreated)


def test_unknown_value_of_an_enumeration_is_taken() -> None:
    document = json.loads(sample("team.created"))
    document["team"]["privacy"] = "backstage-only"
    event = decode("team", json.dumps(document).encode())
    assert isinstance(event, TeamCreated)
    assert event.team.privacy == "backstage-only"


def test_unknown_event_is_untyped_with_its_payload() -> None:
    event = decode("curtain", b'{"action": "raised", "act": 1}')
    assert event == Untyped(
        EventName("github", "curtain", "raised"),
        {"action": "raised", "act": 1},
        "GitHub documents no event 'curtain'",
    )


def test_unknown_action_is_untyped_and_says_so() -> None:
    event = decode("team", changed("team.created", action="applauded"))
    assert isinstance(event, Untyped)
    assert event.name.action == "applauded"
    assert event.reason == "GitHub documents no action 'applauded' of the event 'team'"


def test_payload_against_the_schema_is_untyped_and_names_the_place() -> None:
    event = decode("team", changed("team.created", team={"id": "42", "name": "W"}))
    assert isinstance(event, Untyped)
    assert event.name == EventName("github", "team", "created")
    assert event.payload["team"] == {"id": "42", "name": "W"}
    assert "$.team.id" in event.reason


def test_missing_object_is_untyped_and_names_it() -> None:
    document = json.loads(sample("team.created"))
    del document["organization"]
    event = decode("team", json.dumps(document).encode())
    assert isinstance(event, Untyped)
    assert "organization" in event.reason


@given(event=st.sampled_from(["team", "push", "curtain", ""]), body=st.binary())
def test_no_bytes_make_decoding_fail(event: str, body: bytes) -> None:
    assert isinstance(decode(event, body), Untyped)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"action": "created", "x": %s%s}' % (b"[" * 100_000, b"]" * 100_000),
        b'{"action": "created", "action": "deleted"}',
        b'{"action": "\\ud800"}',
        b"null",
        b"[1]",
    ],
)
def test_hostile_document_is_untyped(body: bytes) -> None:
    assert isinstance(decode("team", body), Untyped)


def test_every_documented_event_and_action_has_a_class() -> None:
    named: set[EventName] = {vars(item)["__event__"] for item in event_classes()}
    # github.com documents 75 events in 261 schemas; the rest is Enterprise's.
    assert len(KNOWN_EVENTS) >= 75
    assert len(named) >= 261
    for event, actions in KNOWN_EVENTS.items():
        for action in actions or (None,):
            assert EventName("github", event, action) in named


def test_every_event_has_a_decoder() -> None:
    for event in KNOWN_EVENTS:
        assert decoder_of(event) is not None


def test_every_event_links_githubs_page() -> None:
    for item in event_classes():
        assert "https://docs.github.com/" in (item.__doc__ or ""), item


def test_shared_objects_are_one_class() -> None:
    assert TeamCreated.__annotations__["team"] is Team
    assert MembershipAdded.__annotations__["team"] is Team


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="CurtainRaised"):
        callboard_github.events.CurtainRaised  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] # noqa: B018 - that it is missing is the test


def test_importing_one_event_leaves_the_others_out() -> None:
    code = (
        "import sys; from callboard_github.events import TeamCreated;"
        "print(*(m for m in sys.modules if m.startswith('callboard_github.events.')))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {
        name.removeprefix("callboard_github.events.") for name in ran.stdout.split()
    }
    assert loaded & KNOWN_EVENTS.keys() == {"team"}


def test_stub_tells_type_checkers_of_every_class() -> None:
    tree = ast.parse((EVENTS / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    found = {alias.name for node in imports for alias in node.names}
    assert found >= MODULES.keys()
    assert set(dir(callboard_github.events)) >= MODULES.keys()
    assert all(hasattr(callboard_github.events, name) for name in MODULES)


def test_generated_modules_keep_within_their_limit() -> None:
    files = [*EVENTS.rglob("*.py"), *EVENTS.rglob("*.pyi")]
    assert sum(len(p.read_text(encoding="utf-8").splitlines()) for p in files) <= 15_000


def test_generated_files_are_what_the_manifest_records() -> None:
    """Without the schemas: nobody edited a file, or the script and did not run it."""
    manifest = json.loads((EVENTS / "manifest.json").read_text(encoding="utf-8"))
    present = {
        path.relative_to(EVENTS).as_posix()
        for path in EVENTS.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert present - BY_HAND == manifest["files"].keys()
    for path, digest in manifest["files"].items():
        assert hashlib.sha256((EVENTS / path).read_bytes()).hexdigest() == digest, path
    for name, digest in manifest["scripts"].items():
        content = (ROOT / "scripts" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, (
            f"{name} changed: run scripts/generate_events.py"
        )


def test_generated_files_are_what_the_script_writes(tmp_path: Path) -> None:
    """With the schemas, from a folder or from npm; in CI they must be there."""
    command = [sys.executable, str(SCRIPT), "--check"]
    folder = os.environ.get("CALLBOARD_WEBHOOK_SCHEMAS")
    if folder is None:
        fetched = fetch_schemas(tmp_path)
        if fetched is None:
            if os.environ.get("CI") == "true":
                pytest.fail("npm could not fetch the schemas, and CI needs them")
            pytest.skip("npm could not fetch the schemas; the manifest was checked")
        folder = str(fetched)
    ran = subprocess.run(
        [*command, "--schemas", folder], capture_output=True, check=False, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def fetch_schemas(folder: Path) -> Path | None:
    """The schemas by way of npm, or None without npm or network."""
    code = (
        "import sys, pathlib, generate_events as g; g.fetch(pathlib.Path(sys.argv[1]))"
    )
    try:
        subprocess.run(
            [sys.executable, "-c", code, str(folder)],
            cwd=SCRIPT.parent,
            check=True,
            capture_output=True,
            timeout=120,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    return folder / "package"
