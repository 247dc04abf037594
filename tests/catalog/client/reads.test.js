// Backstage's own client of its catalog, against callboard's API.
//
// CALLBOARD_CATALOG is the address of an API whose catalog was filled by
// test_backstage_client.py: components c1 … c5, groups team-a and team-b, user ada.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CatalogClient } from "@backstage/catalog-client";

const address = process.env["CALLBOARD_CATALOG"] ?? "";
const client = new CatalogClient({ discoveryApi: { getBaseUrl: async () => address } });

/** @param {import("@backstage/catalog-model").Entity[]} entities */
const names = (entities) => entities.map((entity) => entity.metadata.name);

/** @template T @param {AsyncIterable<T[]>} pages */
async function all(pages) {
  /** @type {T[]} */
  const found = [];
  for await (const page of pages) found.push(...page);
  return found;
}

test("entities are found by filter, fields, order, offset and limit", async () => {
  const { items } = await client.getEntities({ filter: { kind: "component" }, order: { field: "metadata.name", order: "desc" } });
  assert.deepEqual(names(items), ["c5", "c4", "c3", "c2", "c1"]);
  const some = await client.getEntities({ filter: [{ kind: "group" }, { "metadata.name": ["c1", "c2"] }], order: { field: "metadata.name", order: "asc" }, offset: 1, limit: 2 });
  assert.deepEqual(names(some.items), ["c2", "team-a"]);
  const cut = await client.getEntities({ filter: { "metadata.name": "c1" }, fields: ["kind", "metadata.name"] });
  assert.deepEqual(cut.items, [{ kind: "Component", metadata: { name: "c1" } }]);
});

test("pages are walked forth and back", async () => {
  const first = await client.queryEntities({ filter: { kind: "component" }, orderFields: { field: "metadata.name", order: "asc" }, limit: 2 });
  assert.equal(first.totalItems, 5);
  assert.deepEqual(names(first.items), ["c1", "c2"]);
  assert.equal(first.pageInfo.prevCursor, undefined);
  assert.ok(first.pageInfo.nextCursor);
  const second = await client.queryEntities({ cursor: first.pageInfo.nextCursor, limit: 2 });
  assert.deepEqual(names(second.items), ["c3", "c4"]);
  assert.ok(second.pageInfo.prevCursor);
  const back = await client.queryEntities({ cursor: second.pageInfo.prevCursor, limit: 2 });
  assert.deepEqual(names(back.items), ["c1", "c2"]);
});

test("text is searched in the fields that are named", async () => {
  const found = await client.queryEntities({ fullTextFilter: { term: "third", fields: ["metadata.title"] } });
  assert.deepEqual(names(found.items), ["c3"]);
});

test("predicates find what filters can not say", async () => {
  /** @type {import("@backstage/filter-predicates").FilterPredicate} */
  const query = { $all: [{ kind: "component" }, { $not: { "metadata.name": { $in: ["c1", "c2", "c3"] } } }] };
  const found = await client.queryEntities({ query, orderFields: { field: "metadata.name", order: "asc" } });
  assert.deepEqual(names(found.items), ["c4", "c5"]);
});

test("entities are given by refs, in their order, with holes", async () => {
  const { items } = await client.getEntitiesByRefs({ entityRefs: ["component:default/c2", "component:default/none", "group:default/team-a"], fields: ["metadata.name"] });
  assert.deepEqual(items.map((item) => item?.metadata.name), ["c2", undefined, "team-a"]);
});

test("one entity is given by its ref, and none by another", async () => {
  const found = await client.getEntityByRef("component:default/c1");
  assert.equal(found?.metadata.name, "c1");
  assert.ok(found?.metadata.uid);
  assert.deepEqual(found?.relations, [{ type: "ownedBy", targetRef: "group:default/team-a" }]);
  assert.equal(await client.getEntityByRef({ kind: "component", namespace: "default", name: "none" }), undefined);
});

test("ancestry begins with the entity itself", async () => {
  const { rootEntityRef, items } = await client.getEntityAncestors({ entityRef: "component:default/c1" });
  assert.equal(rootEntityRef, "component:default/c1");
  assert.equal(items[0]?.entity.metadata.name, "c1");
});

test("facets count values", async () => {
  const { facets } = await client.getEntityFacets({ facets: ["kind", "spec.owner"], filter: { kind: ["component", "group"] } });
  assert.deepEqual(new Map(facets["kind"]?.map(({ value, count }) => [value, count])), new Map([["Component", 5], ["Group", 2]]));
  assert.deepEqual(facets["spec.owner"]?.map(({ value }) => value).sort(), ["team-a", "team-b"]);
});

test("everything is streamed", async () => {
  const found = await all(client.streamEntities({ pageSize: 2, filter: { kind: "component" } }));
  assert.deepEqual(names(found).sort(), ["c1", "c2", "c3", "c4", "c5"]);
});

test("locations are listed, streamed and found", async () => {
  const { items } = await client.getLocations();
  const streamed = await all(client.streamLocations({}));
  assert.equal(streamed.length, items.length);
  const queried = await client.queryLocations({ limit: 10 });
  assert.equal(queried.totalItems, items.length);
  const [first] = items;
  if (first !== undefined) {
    assert.deepEqual(await client.getLocationById(first.id), first);
    assert.deepEqual(await client.getLocationByRef(`${first.type}:${first.target}`), first);
  }
  assert.equal(await client.getLocationById("00000000-0000-4000-8000-000000000000"), undefined);
  assert.equal(await client.getLocationByRef("url:https://nowhere.example/x"), undefined);
  assert.equal(await client.getLocationByEntity("component:default/none"), undefined);
});

test("an entity is validated with words on what is wrong", async () => {
  const good = { apiVersion: "backstage.io/v1alpha1", kind: "Component", metadata: { name: "x" }, spec: { type: "service", lifecycle: "production", owner: "team-a" } };
  assert.deepEqual(await client.validateEntity(good, "url:https://github.example/x"), { valid: true });
  const bad = await client.validateEntity({ ...good, metadata: { name: "not a name!" } }, "url:https://github.example/x");
  assert.equal(bad.valid, false);
  if (!bad.valid) assert.match(bad.errors[0]?.message ?? "", /name/);
});

test("refresh is taken for an entity that is there", async () => {
  await client.refreshEntity("component:default/c1");
  await assert.rejects(client.refreshEntity("component:default/none"), { name: "ResponseError" });
});

test("writes are refused as by a catalog that is read-only", async () => {
  await assert.rejects(client.addLocation({ type: "url", target: "https://github.example/a/blob/main/catalog-info.yaml" }), { name: "ResponseError" });
  await assert.rejects(client.removeLocationById("00000000-0000-4000-8000-000000000000"), { name: "ResponseError" });
  const found = await client.getEntityByRef("component:default/c1");
  await assert.rejects(client.removeEntityByUid(found?.metadata.uid ?? ""), { name: "ResponseError" });
  assert.ok(await client.getEntityByRef("component:default/c1"));
});

test("errors carry Backstage's body", async () => {
  await assert.rejects(client.queryEntities({ cursor: "no cursor" }), (error) => {
    const { body, statusCode } = /** @type {{ body: { error: { name: string } }, statusCode: number }} */ (error);
    assert.equal(statusCode, 400);
    assert.equal(body.error.name, "InputError");
    return true;
  });
});
