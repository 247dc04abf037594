import assert from "node:assert/strict";
import { test } from "node:test";

import { curl } from "../../../inspector/callboard_inspector/static/state/curl.js";

test("the command has the headers that name the event, and neither signature nor secrets", () => {
  const headers = {
    "x-github-event": "push", "x-hub-signature-256": "***", "X-Hub-Signature": "***", authorization: "***",
    cookie: "a=b", "content-length": "12", "content-type": "application/json", "x-plain-token": "***",
    host: "hooks.example", "x-forwarded-for": "10.0.0.1",
  };
  assert.equal(curl("http://localhost:8470/webhooks/github", headers, '{"a": 1}'), [
    "curl --request POST 'http://localhost:8470/webhooks/github' \\",
    "  --header 'content-type: application/json' \\",
    "  --header 'x-github-event: push' \\",
    "  --data-binary '{\"a\": 1}'",
    "",
  ].join("\n"));
});

test("a body cannot leave its quotes", () => {
  assert.match(curl("u", {}, "it's; rm -rf $HOME `x`"), /'it'\\''s; rm -rf \$HOME `x`'\n$/);
});
