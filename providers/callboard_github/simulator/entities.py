"""The files of a made-up service: its entities, code owners, manifest and workflow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """What one repository is about."""

    name: str
    system: str
    owner: str
    kind: str
    """``service``, ``website`` or ``library``."""
    needs: tuple[str, ...] = ()
    """Other services that it uses."""
    first_of_system: bool = False
    """Whether its repository describes the system too."""
    broken: str | None = None
    """What is wrong with its catalog file: ``syntax``, ``owner`` or ``name``."""
    description: str = ""


def files_of(service: Service) -> dict[str, str]:
    """Return all files of a service's repository."""
    return {
        "catalog-info.yaml": catalog_file(service),
        "README.md": f"# {service.name}\n\nPart of {service.system}.\n",
        ".github/CODEOWNERS": f"* @acme/{service.owner}\n",
        ".github/workflows/ci.yml": _WORKFLOW,
        "package.json": _manifest(service),
    }


def catalog_file(service: Service) -> str:
    """Return ``catalog-info.yaml``: a Component, and what belongs to it."""
    documents = [_component(service)]
    if service.kind == "service":
        documents += [_api(service), _database(service)]
    if service.first_of_system:
        documents.append(_system(service))
    text = "---\n".join(documents)
    if service.broken == "syntax":
        text = text.replace("spec:", "spec: [", 1)
    return text


def _component(service: Service) -> str:
    name = f"{service.name} (new)" if service.broken == "name" else service.name
    lines = [
        "apiVersion: backstage.io/v1alpha1",
        "kind: Component",
        "metadata:",
        f"  name: {name}",
        f"  description: {service.description or f'Looks after {service.name}'}",
        "  tags:",
        f"    - {service.kind}",
        "spec:",
        f"  type: {service.kind}",
        "  lifecycle: production",
    ]
    if service.broken != "owner":
        lines.append(f"  owner: group:{service.owner}")
    lines.append(f"  system: {service.system}")
    if service.kind == "service":
        lines += ["  providesApis:", f"    - {service.name}"]
        lines += ["  dependsOn:", f"    - resource:{service.name}-database"]
    if service.needs:
        lines += ["  consumesApis:", *(f"    - {name}" for name in service.needs)]
    return "\n".join(lines) + "\n"


def _api(service: Service) -> str:
    return (
        "apiVersion: backstage.io/v1alpha1\n"
        "kind: API\n"
        "metadata:\n"
        f"  name: {service.name}\n"
        "spec:\n"
        "  type: openapi\n"
        "  lifecycle: production\n"
        f"  owner: group:{service.owner}\n"
        f"  system: {service.system}\n"
        "  definition: |\n"
        "    openapi: 3.1.0\n"
        f"    info: {{title: {service.name}, version: 1.0.0}}\n"
        "    paths: {}\n"
    )


def _database(service: Service) -> str:
    return (
        "apiVersion: backstage.io/v1alpha1\n"
        "kind: Resource\n"
        "metadata:\n"
        f"  name: {service.name}-database\n"
        "spec:\n"
        "  type: database\n"
        f"  owner: group:{service.owner}\n"
        f"  system: {service.system}\n"
    )


def _system(service: Service) -> str:
    return (
        "apiVersion: backstage.io/v1alpha1\n"
        "kind: System\n"
        "metadata:\n"
        f"  name: {service.system}\n"
        "spec:\n"
        f"  owner: group:{service.owner}\n"
    )


def _manifest(service: Service) -> str:
    needs = ", ".join(f'"@acme/{name}": "^1.0.0"' for name in service.needs)
    return (
        "{\n"
        f'  "name": "@acme/{service.name}",\n'
        '  "version": "1.0.0",\n'
        f'  "dependencies": {{{needs}}}\n'
        "}\n"
    )


_WORKFLOW = """\
name: CI
on: [push]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: make test
"""
