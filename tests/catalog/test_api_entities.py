"""Lists, queries, names and facets, as Backstage's clients ask for them."""

from typing import Any

import pytest

from callboard_catalog import Delta, Full
from callboard_catalog.testing import Shelf, component, group

EMPTY = dict[str, Any]()
NO_PARTS = list[Any]()
NONE = set[str]()
pytestmark = pytest.mark.anyio


def names(entities: list[Any]) -> list[str]:
    return [entity["metadata"]["name"] for entity in entities]


@pytest.fixture
async def filled(shelf: Shelf) -> Shelf:
    tagged = {"tags": ["java", "web"], "annotations": {"a.b/c-d": "One"}}
    await shelf.give(
        Full(
            [
                component("c3", metadata={"title": "Zed"}, owner="team-a"),
                component("c1", metadata={"title": "Alpha", **tagged}),
                component("c2", metadata={"title": "Beta"}, owner="team-b"),
                group("team-a"),
                group("Team-B", parent="team-a"),
            ]
        )
    )
    return shelf


async def test_entity_shows_uid_etag_and_relations_of_both_sides(
    filled: Shelf,
) -> None:
    found = await filled.get("/entities/by-name/group/default/TEAM-A")
    assert found["metadata"]["uid"]
    assert len(found["metadata"]["etag"]) == 40
    assert found["relations"] == [
        {"type": "ownerOf", "targetRef": "component:default/c1"},
        {"type": "ownerOf", "targetRef": "component:default/c3"},
        {"type": "parentOf", "targetRef": "group:default/team-b"},
    ]
    same = await filled.get(f"/entities/by-uid/{found['metadata']['uid']}")
    assert same == found


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["kind=component"], {"c1", "c2", "c3"}),
        (["KIND=Component,metadata.name=C1"], {"c1"}),
        (["metadata.name=c1", "metadata.name=c2"], {"c1", "c2"}),
        (["metadata.name=c1,metadata.name=c2"], {"c1", "c2"}),
        (["metadata.tags=java"], {"c1"}),
        (["metadata.tags.java=true"], {"c1"}),
        (["metadata.tags.java"], {"c1"}),
        (["metadata.annotations.a.b/c-d=one"], {"c1"}),
        (["relations.ownedBy=group:default/team-b"], {"c2"}),
        (["relations.ownedby"], {"c1", "c2", "c3"}),
        (["relations.parentof"], {"team-a"}),
        (["metadata.namespace=default,kind=group"], {"team-a", "Team-B"}),
        (["metadata.annotations.backstage.io/orphan=true"], NONE),
        (["nothing.here"], NONE),
        ([""], {"c1", "c2", "c3", "team-a", "Team-B"}),
    ],
)
async def test_filters_find(
    filled: Shelf, filters: list[str], expected: set[str]
) -> None:
    listed = await filled.get("/entities", filter=filters)
    assert set(names(listed)) == expected
    page = await filled.get("/entities/by-query", filter=filters)
    assert set(names(page["items"])) == expected
    assert page["totalItems"] == len(expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (EMPTY, {"c1", "c2", "c3", "team-a", "Team-B"}),
        ({"kind": "Group"}, {"team-a", "Team-B"}),
        ({"$not": {"kind": "group"}}, {"c1", "c2", "c3"}),
        ({"metadata.title": {"$in": ["zed", "BETA"]}}, {"c2", "c3"}),
        ({"metadata.title": {"$hasPrefix": "AL"}}, {"c1"}),
        ({"metadata.title": {"$hasPrefix": "%"}}, NONE),
        ({"metadata.title": {"$exists": False}}, {"team-a", "Team-B"}),
        ({"metadata.tags": {"$contains": "web"}}, {"c1"}),
        ({"$all": NO_PARTS}, {"c1", "c2", "c3", "team-a", "Team-B"}),
        ({"$any": NO_PARTS}, NONE),
        (
            {"relations": {"$contains": {"type": "ownedBy"}}},
            {"c1", "c2", "c3"},
        ),
        (
            {
                "relations": {
                    "$contains": {
                        "type": "ownedBy",
                        "targetRef": {"$in": ["group:default/team-b"]},
                    }
                }
            },
            {"c2"},
        ),
        (
            {"$any": [{"metadata.name": "c1"}, {"kind": "group"}]},
            {"c1", "team-a", "Team-B"},
        ),
    ],
)
async def test_predicates_find(
    filled: Shelf, query: dict[str, Any], expected: set[str]
) -> None:
    page = await filled.post("/entities/by-query", {"query": query})
    assert set(names(page["items"])) == expected
    refs = ["component:default/c1", "group:default/nobody", "Group:default/Team-B"]
    found = await filled.post("/entities/by-refs", {"entityRefs": refs, "query": query})
    there = [item and item["metadata"]["name"] for item in found["items"]]
    assert there == ["c1" if "c1" in expected else None, None] + (
        ["Team-B"] if "Team-B" in expected else [None]
    )


@pytest.mark.parametrize("order", ["asc", "desc", None])
@pytest.mark.parametrize("by_post", [False, True])
async def test_pages_lead_forth_and_back_over_all_entities(
    shelf: Shelf, order: str | None, by_post: bool
) -> None:
    titles = ["b", "a", "b", "C", "a", "d", "b"]
    await shelf.give(
        Full(
            [
                component(f"c{index}", metadata={"title": title})
                for index, title in enumerate(titles)
            ]
            + [component("untitled")]
        )
    )
    by = "metadata.title"

    async def ask(cursor: str | None) -> Any:
        if by_post:
            body: dict[str, Any] = {"query": {"kind": "component"}, "limit": 3}
            if order:
                body["orderBy"] = [{"field": by, "order": order}]
            return await shelf.post(
                "/entities/by-query", {"cursor": cursor, "limit": 3} if cursor else body
            )
        params: dict[str, Any] = {"limit": 3, "filter": "kind=component"}
        if order:
            params["orderField"] = f"{by},{order}"
        return await shelf.get(
            "/entities/by-query",
            **({"cursor": cursor, "limit": 3} if cursor else params),
        )

    pages = [await ask(None)]
    assert "prevCursor" not in pages[0]["pageInfo"]
    while cursor := pages[-1]["pageInfo"].get("nextCursor"):
        pages.append(await ask(cursor))
    assert [len(page["items"]) for page in pages] == ([3, 3, 1] if order else [3, 3, 2])
    assert {page["totalItems"] for page in pages} == {7 if order else 8}
    found = [e["metadata"].get("title", "").lower() for p in pages for e in p["items"]]
    assert not order or found == sorted(found, reverse=order == "desc")
    assert len({n for page in pages for n in names(page["items"])}) == len(found)
    back = await ask(pages[-1]["pageInfo"]["prevCursor"])
    assert back["items"] == pages[1]["items"]
    again = await ask(back["pageInfo"]["prevCursor"])
    assert again["items"] == pages[0]["items"]
    assert "prevCursor" not in again["pageInfo"]
    assert (await ask(again["pageInfo"]["nextCursor"]))["items"] == pages[1]["items"]


async def test_cursor_of_a_long_query_leads_on(shelf: Shelf) -> None:
    await shelf.give(Full([component(f"c{index}") for index in range(3)]))
    owners = [f"spec.owner=group:default/{index:024}" for index in range(81)]
    wanted = ",".join(["kind=component", *owners, "spec.owner=team-a"])
    first = await shelf.get("/entities/by-query", filter=wanted, limit=2)
    cursor = first["pageInfo"]["nextCursor"]
    assert len(cursor) > 4096
    second = await shelf.get("/entities/by-query", cursor=cursor, limit=2)
    assert [len(page["items"]) for page in (first, second)] == [2, 1]


async def test_offset_paging_links_to_the_next_page(filled: Shelf) -> None:
    async with filled.client() as client:
        params = {
            "limit": "2",
            "order": "asc:metadata.title",
            "fields": "metadata.name",
        }
        first = await client.get("/entities", params=params)
        second = await client.get(first.links["next"]["url"])
        third = await client.get(second.links["next"]["url"])
    assert names(first.json()) == ["c1", "c2"]
    assert names(second.json())[0] == "c3"
    assert "next" not in third.links
    assert len(third.json()) == 1


async def test_unpaged_order_leaves_out_entities_without_the_field(
    filled: Shelf,
) -> None:
    listed = await filled.get("/entities", order="desc:metadata.title")
    assert names(listed) == ["c3", "c2", "c1"]


async def test_full_text_finds_in_fields_without_wildcards(filled: Shelf) -> None:
    async def ask(**params: Any) -> list[str]:
        return names((await filled.get("/entities/by-query", **params))["items"])

    assert await ask(
        fullTextFilterTerm="ET", fullTextFilterFields="metadata.title,metadata.name"
    ) == ["c2"]
    assert await ask(fullTextFilterTerm="lph", orderField="metadata.title,asc") == [
        "c1"
    ]
    assert (
        await ask(fullTextFilterTerm="%", fullTextFilterFields="metadata.title") == []
    )


async def test_fields_keep_paths_with_dots_in_keys(filled: Shelf) -> None:
    fields = "kind,metadata.annotations.a.b/c-d,spec.nothing,metadata.tags"
    [found] = await filled.get("/entities", filter="metadata.name=c1", fields=fields)
    assert found == {
        "kind": "Component",
        "metadata": {"annotations": {"a.b/c-d": "One"}, "tags": ["java", "web"]},
    }


async def test_facets_count_values_as_written(filled: Shelf) -> None:
    facets = ["kind", "metadata.tags", "relations.ownedBy", "nothing"]
    found = (await filled.get("/entity-facets", facet=facets))["facets"]
    assert found["kind"] == [
        {"value": "Component", "count": 3},
        {"value": "Group", "count": 2},
    ]
    assert found["relations.ownedBy"] == [
        {"value": "group:default/team-a", "count": 2},
        {"value": "group:default/team-b", "count": 1},
    ]
    assert found["nothing"] == []
    query = {"metadata.name": "c1"}
    found = await filled.post("/entity-facets", {"facets": ["kind"], "query": query})
    assert found == {"facets": {"kind": [{"value": "Component", "count": 1}]}}


async def test_unchanged_catalog_answers_304_and_a_changed_one_does_not(
    filled: Shelf,
) -> None:
    for path in ("/entities", "/entities/by-query", "/export.yaml", "/locations"):
        async with filled.client() as client:
            tag = (await client.get(path)).headers["etag"]
            known = {"if-none-match": f'"other", {tag}'}
            assert (await client.get(path, headers=known)).status_code == 304
            await filled.give(Delta([group(f"new{filled.clock:g}")]))
            assert (await client.get(path, headers=known)).status_code == 200


async def test_errors_have_the_form_that_clients_turn_into_classes(
    filled: Shelf,
) -> None:
    async with filled.client() as client:
        answer = await client.get("/entities/by-name/component/default/nobody")
        wrong = await client.get("/entities", params={"order": "up:x"})
        unknown = await client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.json() == {
        "error": {
            "name": "NotFoundError",
            "message": "No entity named 'nobody' found, with kind 'component' "
            "in namespace 'default'",
        },
        "request": {
            "method": "GET",
            "url": "/entities/by-name/component/default/nobody",
        },
        "response": {"statusCode": 404},
    }
    assert wrong.json()["error"]["name"] == "InputError"
    assert unknown.json()["response"] == {"statusCode": 404}


async def test_conflict_is_an_error_on_the_entity(filled: Shelf) -> None:
    applied = await filled.give(Full([component("c1", owner="me")]), "other")
    assert [str(c) for c in applied.conflicts] == [
        "component:default/c1 is claimed by other under other, "
        "but files holds it under files"
    ]
    found = await filled.get("/entities/by-name/component/default/c1")
    [item] = found["status"]["items"]
    assert item["level"] == "error"
    assert item["error"]["name"] == "ConflictError"
    assert found["spec"]["owner"] == "team-a"
    await filled.give(Delta(removed=["component:default/c1"]))
    found = await filled.get("/entities/by-name/component/default/c1")
    assert found["spec"]["owner"] == "me"
    assert "status" not in found


async def test_thousands_of_entities_are_one_whole_array(shelf: Shelf) -> None:
    await shelf.give(Full([group(f"g{index}") for index in range(2500)]))
    listed = await shelf.get("/entities", fields="metadata.name")
    assert len(set(names(listed))) == 2500
