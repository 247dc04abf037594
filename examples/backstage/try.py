"""Three ways into a real Backstage, tried: ``python examples/backstage/try.py``.

Installs Backstage's backend from npm (minutes, at the first time), starts it beside a
callboard, posts webhooks to callboard and measures how long each takes until Backstage's API
shows its entity. ``--folder`` keeps what was installed; ``--way`` tries one way alone:

    a  Backstage's plugins read callboard in place of the catalog
    b  configuration alone: a ``url`` location
    c  the module of this folder
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = (
    "@backstage/backend-defaults@^0.18.0",
    "@backstage/backend-plugin-api@^1.10.1",
    "@backstage/catalog-model@^1.10.1",
    "@backstage/plugin-catalog-backend@^4.0.0",
    "@backstage/plugin-catalog-node@^2.2.5",
    "@types/node@^20.19.0",
    "better-sqlite3",
    "typescript@^5.9.0",
)
TOKEN = "a-token-of-callboard"  # noqa: S105 - both ends are made here
READER = "a-token-of-backstage"
BEFORE = 200
"""Entities that are there before Backstage starts."""

BACKEND = """
const { createBackend } = require('@backstage/backend-defaults');
const { createBackendPlugin, coreServices } = require('@backstage/backend-plugin-api');
const { catalogServiceRef } = require('@backstage/plugin-catalog-node');
const backend = createBackend();
if (process.env.WAY !== 'a') backend.add(require('@backstage/plugin-catalog-backend'));
if (process.env.WAY === 'c') backend.add(require('./module/src/index.js'));
// Any other backend plugin: it asks for the catalog, whoever that is.
if (process.env.WAY === 'a') backend.add(createBackendPlugin({
  pluginId: 'probe',
  register(env) {
    env.registerInit({
      deps: { auth: coreServices.auth, catalog: catalogServiceRef, http: coreServices.httpRouter },
      async init({ auth, catalog, http }) {
        http.use(async (req, res) => {
          const credentials = await auth.getOwnServiceCredentials();
          try {
            const ref = req.path.slice(1);
            const one = await catalog.getEntityByRef(ref, { credentials });
            const { totalItems } = await catalog.queryEntities({ limit: 1 }, { credentials });
            res.status(one ? 200 : 404).json({ ref: one?.metadata.name, totalItems });
          } catch (error) {
            res.status(502).json({ message: String(error) });
          }
        });
      },
    });
  },
}));
backend.start();
"""


def main() -> None:
    """Try the ways that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--way", choices=("a", "b", "c"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        install(folder)
        for way in asked.way or "abc":
            with tempfile.TemporaryDirectory() as data:
                attempt(way, folder, Path(data))


def install(folder: Path) -> None:
    """Backstage's backend, and the module built for it."""
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    (folder / "package.json").write_text('{"name": "try", "private": true}')
    quiet = ("--no-audit", "--no-fund", "--no-package-lock", "--silent")
    run("npm", "install", *quiet, *PACKAGES, at=folder)
    print(f"installed in {time.monotonic() - begun:.0f} s:")
    for package in PACKAGES:
        name = package[: package.rindex("@")] if "@" in package[1:] else package
        manifest = folder / "node_modules" / name / "package.json"
        print(f"  {name} {json.loads(manifest.read_text())['version']}")
    source = folder / "callboard-module"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("node_modules", "dist"))
    run("npx", "tsc", "--project", source, "--outDir", folder / "module", at=folder)
    (folder / "backend.js").write_text(BACKEND)


def attempt(way: str, folder: Path, data: Path) -> None:
    """One way, from the start of both to the last webhook."""
    callboard, backstage = f"http://localhost:{port()}", f"http://localhost:{port()}"
    with serving_callboard(callboard, data, token=way != "a"):
        for number in range(BEFORE):
            publish(callboard, f"before-{number}")
        last = (
            f"/api/catalog/entities/by-name/resource/default/shop-before-{BEFORE - 1}"
        )
        until(callboard + last, TOKEN)
        config = configuration(way, callboard, backstage)
        (data / "app-config.json").write_text(json.dumps(config))
        with serving_backstage(way, folder, data):
            first = seconds_until_shown(way, backstage, f"before-{BEFORE - 1}")
            print(f"\n({way}) {BEFORE} entities there {first:.1f} s after the start")
            if way == "b":
                # A refused document beside them must change nothing for the others.
                times = [measured(way, callboard, backstage, n) for n in range(3)]
                told("polled, at an interval of 10 to 15 s", times)
                refs = [f"now-{number}" for number in range(10)]
                told(
                    "asked to refresh",
                    [measured_refresh(callboard, backstage, ref) for ref in refs],
                )
            else:
                times = [measured(way, callboard, backstage, n) for n in range(20)]
                told("from the webhook to Backstage's answer", times)
            if way == "c":
                withdraw(callboard, "after-0")
                gone = seconds_until_shown(way, backstage, "after-0", there=False)
                print(f"    a removal: {gone:.2f} s")
            if way == "a":
                print(
                    "   ", get(f"{backstage}/api/probe/resource:shop-after-0", READER)
                )


def configuration(way: str, callboard: str, backstage: str) -> dict[str, object]:
    """The app-config of a way."""
    number = int(backstage.rpartition(":")[2])
    reader = {"token": READER, "subject": "try"}
    config: dict[str, object] = {
        "app": {"baseUrl": backstage},
        "backend": {
            "baseUrl": backstage,
            "listen": {"host": "127.0.0.1", "port": number},
            "database": {"client": "better-sqlite3", "connection": ":memory:"},
            "auth": {"externalAccess": [{"type": "static", "options": reader}]},
            "reading": {"allow": [{"host": callboard.removeprefix("http://")}]},
        },
    }
    if way == "a":
        endpoint = {"target": f"{callboard}/api/catalog", "plugins": ["catalog"]}
        config["discovery"] = {"endpoints": [endpoint]}
    if way == "b":
        location = {
            "type": "url",
            "target": f"{callboard}/api/catalog/export.yaml",
            "rules": [{"allow": ["Resource", "Group", "Component"]}],
        }
        config["catalog"] = {
            "locations": [location],
            "processingInterval": {"seconds": 10},
        }
    if way == "c":
        url = f"{callboard}/api/catalog"
        config["catalog"] = {"providers": {"callboard": {"url": url, "token": TOKEN}}}
    return config


@contextmanager
def serving_callboard(address: str, data: Path, *, token: bool) -> Generator[None]:
    """A callboard with the provider of ``examples/custom_provider.py``."""
    (data / "callboard.toml").write_text(
        "[organizations]\nenabled = false\n[repositories]\nenabled = false\n"
        "[catalog]\npublic_export = true\n"
    )
    environment = {**os.environ, "CALLBOARD_DATABASE_URL": f"sqlite:///{data}/c.db"}
    if token:
        environment["CALLBOARD_CATALOG_TOKEN"] = TOKEN
    provider = f"{HERE.parent / 'custom_provider.py'}:make_providers"
    options = ("--insecure", "--no-open", "--inspector-port", "0", "--with", provider)
    command = (sys.executable, "-m", "callboard", "serve", *options, "--port")
    number = address.rpartition(":")[2]
    with process([*command, number], data, environment):
        until(f"{address}/readyz", "")
        yield


@contextmanager
def serving_backstage(way: str, folder: Path, data: Path) -> Generator[None]:
    """A Backstage backend."""
    environment = {**os.environ, "WAY": way, "NODE_ENV": "development"}
    config = data / "app-config.json"
    with process(["node", "backend.js", "--config", config], folder, environment):
        yield


@contextmanager
def process(
    command: list[str | Path], at: Path, environment: dict[str, str]
) -> Generator[None]:
    """A process that ends with the block; what it said is shown if that fails."""
    with tempfile.TemporaryFile("w+") as said:
        running = subprocess.Popen(  # noqa: S603 - the commands are made above
            command, cwd=at, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            yield
        except BaseException:
            said.seek(0)
            print(said.read()[-4000:])
            raise
        finally:
            running.terminate()
            try:
                running.wait(20)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def measured(way: str, callboard: str, backstage: str, number: int) -> float:
    """Seconds from a webhook to its entity in Backstage."""
    publish(callboard, f"after-{number}")
    return seconds_until_shown(way, backstage, f"after-{number}")


def measured_refresh(callboard: str, backstage: str, version: str) -> float:
    """The same, when Backstage is asked to read the location again."""
    listed = get(f"{backstage}/api/catalog/entities?filter=kind=location", READER)
    [location] = json.loads(listed or "[]")
    ref = f"location:default/{location['metadata']['name']}"
    begun = time.monotonic()
    publish(callboard, version)
    shown = "/api/catalog/entities/by-name/resource/default/shop-"
    until(callboard + shown + version, TOKEN)
    post(f"{backstage}/api/catalog/refresh", {"entityRef": ref}, token=READER)
    seconds_until_shown("b", backstage, version)
    return time.monotonic() - begun


def told(what: str, times: list[float]) -> None:
    """Print how long it took."""
    middle, longest = statistics.median(times), max(times)
    print(
        f"    {what}: median {middle:.2f} s, longest {longest:.2f} s, {len(times)} times"
    )


def seconds_until_shown(
    way: str, backstage: str, version: str, *, there: bool = True
) -> float:
    """Wait until Backstage shows a release, or shows it no more."""
    path = f"/api/catalog/entities/by-name/resource/default/shop-{version}"
    if way == "a":
        path = f"/api/probe/resource:default/shop-{version}"
    begun = time.monotonic()
    until(backstage + path, READER, there=there)
    return time.monotonic() - begun


def until(url: str, token: str, *, there: bool = True) -> None:
    """Ask again and again, a minute and more."""
    for _ in range(6_000):
        if (get(url, token) is not None) is there:
            return
        time.sleep(0.01)
    raise TimeoutError(url)


def get(url: str, token: str) -> str | None:
    """The body of a success, or None."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - on this machine
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            return answer.read().decode()
    except OSError:
        return None


def publish(callboard: str, version: str, action: str = "published") -> None:
    """Post the webhook of a release."""
    payload = {
        "action": action,
        "release": {"id": 1, "tag_name": version, "html_url": "x"},
        "repository": {
            "name": "shop",
            "full_name": "acme/shop",
            "id": 1,
            "private": False,
            "html_url": "x",
            "default_branch": "x",
            "archived": False,
        },
        "organization": {"login": "acme", "id": 1},
    }
    post(
        f"{callboard}/webhooks/github", payload, event="release", guid=version + action
    )


def withdraw(callboard: str, version: str) -> None:
    """Post the webhook of a release that was deleted."""
    publish(callboard, version, "deleted")


def post(
    url: str, body: object, *, token: str = "", event: str = "", guid: str = ""
) -> None:
    """Post JSON; raises unless it was taken."""
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    if event:
        headers |= {"x-github-event": event, "x-github-delivery": guid}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - on this machine
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - as above
        pass


def port() -> int:
    """One that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def run(*command: str | Path, at: Path) -> None:
    """A command that must succeed."""
    subprocess.run(command, cwd=at, check=True)  # noqa: S603 - the commands are made above


if __name__ == "__main__":
    main()
