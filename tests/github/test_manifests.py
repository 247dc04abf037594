"""Manifests: what each format says of packages, and what is wrong with a bad one."""

import pytest

from callboard_github.repositories.manifests import (
    LARGEST_FILE,
    BadManifest,
    read_manifest,
)
from callboard_github.resource_names import resource_name

POM = """\
<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <parent><groupId>com.acme</groupId><artifactId>parent</artifactId></parent>
  <artifactId>shop</artifactId>
  <properties><core>core</core></properties>
  <!-- nothing -->
  <dependencies>
    <dependency><groupId>${project.groupId}</groupId><artifactId>a-${core}</artifactId></dependency>
    <dependency><groupId>org.x</groupId><artifactId>${unknown}</artifactId></dependency>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId><scope>test</scope></dependency>
  </dependencies>
</project>
"""

# File, text, kind, name, what it needs.
GOOD: list[tuple[str, str | bytes, str, str | None, set[str]]] = [
    (
        "package.json",
        '{"name": "@acme/shop", "dependencies": {"@acme/ui": "^1", "b": "npm:@acme/x@2"},'
        ' "peerDependencies": {"react": "*"}, "optionalDependencies": {"o": "1"},'
        ' "devDependencies": {"jest": "1"}}',
        "npm",
        "@acme/shop",
        {"@acme/ui", "@acme/x", "react", "o"},
    ),
    ("package.json", b"\xef\xbb\xbf{}", "npm", None, set()),
    (
        "pyproject.toml",
        '[project]\nname = "Acme.Shop"\ndependencies = ["Acme_UI[x]>=1; python_version>\'3\'"]\n'
        '[project.optional-dependencies]\nx = ["b @ https://b.example/b.whl"]\n'
        '[dependency-groups]\ntest = ["pytest"]\n',
        "pypi",
        "acme-shop",
        {"acme-ui", "b"},
    ),
    (
        "pyproject.toml",
        '[tool.poetry]\nname = "shop"\n[tool.poetry.dependencies]\npython = "^3"\nB_c = {version = "1"}\n'
        '[tool.poetry.group.test.dependencies]\npytest = "*"\n',
        "pypi",
        "shop",
        {"b-c"},
    ),
    ("pyproject.toml", "[tool.ruff]\n", "pypi", None, set()),
    (
        "requirements.txt",
        "# ours\nacme_ui==1.0 \\\n  --hash=sha256:aa  # c\n-r more.txt\n--index-url x\n"
        './local\nhttps://a.example/a.whl\ngit+https://b.example/b\n\nb>=2 ; python_version > "3"\n',
        "pypi",
        None,
        {"acme-ui", "b"},
    ),
    (
        "go.mod",
        '// The shop.\nmodule "github.com/acme/shop/v3"\n\ngo 1.22\n\nrequire (\n'
        "\tgithub.com/acme/ui/v2 v2.0.0\n\tgolang.org/x/net v0.1.0 // indirect\n)\n"
        "require github.com/acme/one v1.0.0\nexclude (\n\ta v1\n)\nreplace a => ./a\n",
        "golang",
        "github.com/acme/shop",
        {"github.com/acme/ui", "github.com/acme/one"},
    ),
    (
        "Cargo.toml",
        '[package]\nname = "shop"\n[dependencies]\nui = "1"\nalias = { package = "real", version = "1" }\n'
        '[dev-dependencies]\nt = "1"\n[target.\'cfg(unix)\'.dependencies]\nnix = "1"\n',
        "cargo",
        "shop",
        {"ui", "real", "nix"},
    ),
    ("Cargo.toml", '[workspace]\nmembers = ["a"]\n', "cargo", None, set()),
    ("pom.xml", POM, "maven", "com.acme:shop", {"com.acme:a-core"}),
]


@pytest.mark.parametrize(("name", "content", "kind", "package", "needs"), GOOD)
def test_manifest_says_its_package_and_what_that_needs(
    name: str, content: str | bytes, kind: str, package: str | None, needs: set[str]
) -> None:
    manifest = read_manifest(name, content)
    assert (manifest.kind, manifest.name, manifest.needs) == (kind, package, needs)


# File, text, line, a word of what was expected, a word of what came.
BAD: list[tuple[str, str | bytes, int | None, str, str]] = [
    ("package.json", "{\n  1}", 2, "JSON", "property name"),
    ("package.json", "[]", None, "an object", "[]"),
    ("package.json", '{"dependencies": ["a"]}', None, "table at dependencies", "a"),
    ("package.json", '{"name": 7}', None, "text at name", "7"),
    ("package.json", b"{\n\xff}", 2, "UTF-8", "invalid"),
    ("package.json", "[" * 200_000, None, "document", "too deep"),
    ("package.json", '{"a": ' + "1" * 5_000 + "}", None, "a document", "4300"),
    ("package.json", '{"name": "a\\ud800"}', None, "printable", "ud800"),
    ("package.json", '{"dependencies": {"a\\u0000": "1"}}', None, "printable", "x00"),
    ("package.json", '{"name": "' + "a" * 256 + '"}', None, "at most 255", "aaa"),
    ("pyproject.toml", "a = " + "1" * 5_000, None, "a document", "4300"),
    ("package.json", " " * (LARGEST_FILE + 1), None, "at most", f"{LARGEST_FILE + 1}"),
    ("pyproject.toml", "[project]\nname =\n", 2, "TOML", "value"),
    ("pyproject.toml", "a = [", None, "TOML", "Invalid value"),
    ("pyproject.toml", 'project = "x"', None, "table at project", "x"),
    (
        "pyproject.toml",
        "[project]\ndependencies = [1]",
        None,
        "texts at project.dependencies",
        "1",
    ),
    ("pyproject.toml", '[project]\ndependencies = ["a b"]', None, "requirement", "a b"),
    ("requirements.txt", "a\n\n? b\n", 3, "requirement", "? b"),
    ("go.mod", "module a\nrequire (\n  b\n)\n", 3, "module and its version", "b"),
    (
        "go.mod",
        "module a\nrequire (\n  b v1\n",
        3,
        "the end of require",
        "end of the file",
    ),
    ("go.mod", "go 1.22\n", 1, "module", "nothing"),
    ("Cargo.toml", "[dependencies]\na = {package = 1}\n", None, "text at a", "1"),
    ("pom.xml", "<project>\n<a></project>", 2, "XML", "mismatched tag"),
    ("pom.xml", "<html/>", 1, "a project", "<html>"),
    ("pom.xml", "<project/>", None, "groupId and artifactId", "without"),
    (
        "pom.xml",
        '<!DOCTYPE a [<!ENTITY b "c">]><project/>',
        None,
        "without document type",
        "one with",
    ),
]


@pytest.mark.parametrize(("name", "content", "line", "expected", "came"), BAD)
def test_bad_manifest_tells_what_was_expected_and_what_came(
    name: str, content: str | bytes, line: int | None, expected: str, came: str
) -> None:
    with pytest.raises(BadManifest) as raised:
        read_manifest(name, content)
    bad = raised.value
    assert bad.line == line
    assert expected in bad.expected
    assert came in bad.came


def test_names_of_resources_differ_where_what_they_name_differs() -> None:
    given = [
        ("npm", "@acme/ui"),
        ("npm", "acme-ui"),
        ("npm", "acme/ui"),
        ("npm", "@acme-ui"),
        ("npm", "a" * 80),
        ("npm", "a" * 81),
        ("npm", "ü"),
        ("npm", "--"),
    ]
    names = [resource_name(*parts) for parts in given]
    assert len({*names}) == len(given)
    assert max(map(len, names)) <= 63
    assert names[1] == "npm-acme-ui"
    assert resource_name("npm", "Acme-UI") == "npm-acme-ui"
