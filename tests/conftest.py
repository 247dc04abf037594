"""Fixtures that every room's tests share: the event loop, and databases."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

_SWITCH = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """Makes what a test logged fit to be sent: lone surrogates are written as escapes."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode())
        for name, text in report.sections
    ]
    return report


@pytest.fixture(params=["trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The event loop of tests marked ``anyio``: trio, the reference."""
    return str(request.param)


def _server_folder() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The address of a PostgreSQL of our own, gone after the session."""
    if url := os.environ.get("CALLBOARD_TEST_POSTGRESQL_URL"):
        yield url
        return
    binaries = _server_folder()
    if binaries is None:
        message = "no PostgreSQL server here: install one, or set CALLBOARD_TEST_POSTGRESQL_URL"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    # The server refuses to run as root.
    switch = list(_SWITCH) if os.geteuid() == 0 else []
    folder = tempfile.mkdtemp(prefix="callboard-pg-")
    port = _free_port()
    data = f"{folder}/data"
    try:
        if switch:
            shutil.chown(folder, "postgres", "postgres")
        initdb = [str(binaries / "initdb"), "-D", data, "-U", "callboard", "-A"]
        initdb += ["trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*switch, *initdb], check=True, capture_output=True, cwd=folder)
        settings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        settings += [f"port={port}", "listen_addresses=127.0.0.1"]
        settings += [f"unix_socket_directories={folder}", "max_connections=60"]
        options = [part for setting in settings for part in ("-c", setting)]
        control = [*switch, str(binaries / "pg_ctl"), "-D", data, "-w"]
        start = [*control, "-l", f"{folder}/log", "-o", " ".join(options), "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, cwd=folder)
        try:
            yield f"postgresql://callboard@127.0.0.1:{port}/postgres"
        finally:
            stop = [*control, "-m", "immediate", "stop"]
            subprocess.run(stop, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def on_postgresql(
    postgresql_url: str,
) -> Iterator[Callable[[str], AbstractContextManager[str]]]:
    """Makes a database like a named one, gives its address, and drops it at the end."""
    address = postgresql_url.replace("postgresql://", "postgresql+psycopg://")
    admin = create_engine(address, isolation_level="AUTOCOMMIT")

    @contextmanager
    def create(template: str) -> Generator[str]:
        name = f"test_{os.urandom(6).hex()}"
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        try:
            yield postgresql_url.rsplit("/", 1)[0] + f"/{name}"
        finally:
            with admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    try:
        yield create
    finally:
        admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'database.db'}"
        return
    with request.getfixturevalue("on_postgresql")("template1") as address:
        yield address
