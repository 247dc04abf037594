"""The test relay's JSON beside that of a real JavaScript."""

import json
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callboard.testing.javascript import written_anew

_NODE = shutil.which("node")
_SCRIPT = """
require("readline").createInterface({input: process.stdin})
  .on("line", line => console.log(JSON.stringify(JSON.parse(line))))
"""


def by_node(documents: list[str]) -> list[bytes]:
    assert _NODE is not None
    ended = subprocess.run(
        [_NODE, "-e", _SCRIPT],
        input="\n".join(documents).encode() + b"\n",
        capture_output=True,
        check=True,
        timeout=60,
    )
    return ended.stdout.splitlines()


@pytest.mark.parametrize(
    ("document", "anew"),
    [
        (r'{"a": "\/\u00e9\u001B"}', r'{"a":"/é\u001b"}'),
        ("[1.0, 1.50, -0.0, 1e2, 1E-7]", "[1,1.5,0,100,1e-7]"),
        ("[12345678901234567890, 9007199254740993]", "[12345678901234567000,9007199254740992]"),
        ('{"b": 1, "10": 2, "9": 3}', '{"9":3,"10":2,"b":1}'),
        (r'["\ud83d", "\ud83d\ude00"]', r'["\ud83d","😀"]'),
        ("[1e999, null, true]", "[null,null,true]"),
    ],
)  # fmt: skip
def test_document_is_written_as_javascript_does(document: str, anew: str) -> None:
    assert written_anew(document.encode()) == anew.encode()


_NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_KEYS = st.text(max_size=5).filter(lambda key: key != "__proto__")
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.text(),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(_KEYS | st.integers(0, 2**33).map(str), inner, max_size=5)
    ),
    max_leaves=20,
)


@pytest.mark.skipif(_NODE is None, reason="there is no Node.js")
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(values=st.lists(_JSON, min_size=30, max_size=60))
def test_node_writes_the_same(values: list[object]) -> None:
    documents = [json.dumps(value) for value in values]
    ours = [written_anew(document.encode()) for document in documents]
    assert ours == by_node(documents)
