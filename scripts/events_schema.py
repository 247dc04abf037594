"""Reads GitHub's webhook schemas into classes.

Owns the merge: an object that the schema repeats in hundreds of places, each time a
little different, becomes one class that fits all of them. A field is required only if
every place requires it and none allows null.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from events_names import (
    DUPLICATES,
    HYPERMEDIA,
    PLACED,
    PREVIOUS,
    PROMISED,
    RELIED_ON,
    SAME_OBJECT,
    SEEN,
    TEXT_CHANGE,
    TITLED,
    camel,
    nested,
    singular,
)

type_names = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}

Schema = Mapping[str, Any]


@dataclass
class Kinds:
    """The alternatives that a value may take, as a payload somewhere shows them."""

    plain: set[str] = field(default_factory=set[str])
    """Any of str, int, float, bool, None, Any and dict."""
    shapes: set[str] = field(default_factory=set[str])
    """Names of classes."""
    element: "Kinds | None" = None
    """Of a list, what it holds."""
    value: "Kinds | None" = None
    """Of an object with arbitrary keys, what it holds."""
    enum: set[str] = field(default_factory=set[str])

    def absorb(self, other: "Kinds") -> None:
        """Allow what ``other`` allows, too."""
        self.plain |= other.plain
        self.shapes |= other.shapes
        self.enum |= other.enum
        if other.element is not None:
            self.element = self.element or Kinds()
            self.element.absorb(other.element)
        if other.value is not None:
            self.value = self.value or Kinds()
            self.value.absorb(other.value)

    def names(self) -> set[str]:
        """Every class that a value of these kinds can hold."""
        inner = [kinds.names() for kinds in (self.element, self.value) if kinds]
        return self.shapes.union(*inner)


@dataclass
class Field:
    """One key of an object, over all the places where the object appears."""

    kinds: Kinds = field(default_factory=Kinds)
    required: int = 0
    """In how many places the key must be there."""


@dataclass
class Shape:
    """One class to be: an object, over all the places where it appears."""

    name: str
    description: str = ""
    held_as: str = ""
    """Where it was seen first: ``key`` of ``Class``."""
    places: int = 0
    fields: dict[str, Field] = field(default_factory=dict[str, Field])

    def required(self, key: str) -> bool:
        """Whether every payload has this key with a value that is not null."""
        if (self.name, key) in PROMISED:
            return True
        known = self.fields[key]
        always = known.required == self.places and "None" not in known.kinds.plain
        return always and (key in RELIED_ON or isinstance(self, Event))


@dataclass
class Event(Shape):
    """The payload of one event and action."""

    event: str = ""
    action: str | None = None
    """None for an event without actions; ``*`` where the sender chooses the action."""
    link: str = ""


class Reader:
    """Collects classes from the documents of several editions of GitHub."""

    def __init__(self) -> None:
        self.shapes: dict[str, Shape] = {}
        self.events: dict[str, Event] = {}
        self._components: Mapping[str, Schema] = {}
        self._read: set[tuple[str, str]] = set()

    def read(self, document: Schema) -> None:
        """Take in one edition's document, the most telling edition first."""
        self._components = document["components"]["schemas"]
        self._read = set()
        for webhook in document["webhooks"].values():
            self._read_event(webhook["post"])

    def _read_event(self, post: Schema) -> None:
        event = post["x-github"]["subcategory"].replace("-", "_")
        schema = post["requestBody"]["content"]["application/json"]["schema"]
        variants = list(self._objects(schema))
        actions = [v["properties"]["action"] for v in variants if _has_action(v)]
        literal: str | None = actions[0].get("enum", ["*"])[0] if actions else None
        name = camel(event) + (
            "" if literal is None or literal == "*" else camel(literal)
        )
        known = self.events.get(name)
        if known is None:
            known = Event(
                name,
                description=post.get("description") or post["summary"],
                event=event,
                action=literal,
                link=post["externalDocs"]["url"],
            )
            self.events[name] = known
        for variant in variants:
            self._merge(known, [variant], camel(event))

    def _objects(self, schema: Schema) -> Iterator[Schema]:
        """The alternatives of an event's payload."""
        if "$ref" in schema:
            yield from self._objects(self._components[_target(schema)])
        elif "oneOf" in schema:
            for alternative in schema["oneOf"]:
                yield from self._objects(alternative)
        else:
            yield schema

    def _merge(self, shape: Shape, parts: Iterable[Schema], owner: str) -> None:
        """Count one more place where ``shape`` appears, described by all ``parts``."""
        properties: dict[str, list[Schema]] = {}
        required: set[str] = set()
        for part in parts:
            shape.description = shape.description or part.get("description", "")
            required.update(part.get("required", ()))
            for key, schema in part.get("properties", {}).items():
                properties.setdefault(key, []).append(schema)
        shape.places += 1
        for key, schemas in properties.items():
            # `action` is the class itself.
            left_out = (
                key in HYPERMEDIA or key in DUPLICATES.get(shape.name, "").split()
            )
            if left_out or (isinstance(shape, Event) and key == "action"):
                continue
            known = shape.fields.setdefault(key, Field())
            known.required += key in required
            seen = "*" if isinstance(shape, Event) else shape.name
            known.kinds.plain |= {SEEN[seen, key]} if (seen, key) in SEEN else set()
            place = _place(shape, owner, key)
            for schema in schemas:
                kinds = self._kinds(schema, place)
                known.kinds.absorb(kinds)
                for name in kinds.names():
                    held = self.shapes[name]
                    held.held_as = held.held_as or f"``{key}`` of ``{shape.name}``"

    def _kinds(self, schema: Schema, place: str, component: str = "") -> Kinds:
        if "$ref" in schema:
            target = _target(schema)
            return self._kinds(self._components[target], place, target)
        if "allOf" in schema:
            return self._all_of(schema, place, component)
        if "oneOf" in schema or "anyOf" in schema:
            return self._one_of(schema, place)
        kinds = Kinds()
        listed = schema.get("type", "object" if "properties" in schema else "any")
        for name in [listed] if isinstance(listed, str) else listed:
            if name == "object":
                kinds.absorb(self._object([schema], place, component))
            elif name == "array":
                items = self._kinds(schema.get("items", {}), singular(place), component)
                kinds.element = kinds.element or Kinds()
                kinds.element.absorb(items)
            elif name == "null":
                kinds.plain.add("None")
            else:
                kinds.plain.add(type_names.get(name, "Any"))
        kinds.enum.update(v for v in schema.get("enum", ()) if isinstance(v, str))
        if None in schema.get("enum", ()) or schema.get("nullable"):
            kinds.plain.add("None")
        return kinds

    def _all_of(self, schema: Schema, place: str, component: str) -> Kinds:
        found = [self._resolve(part, component) for part in schema["allOf"]]
        if component not in SAME_OBJECT:
            component = next((name for name, _ in found if name), component)
        objects = [part for _, part in found if "properties" in part]
        return self._object(objects, place, component) if objects else Kinds({"dict"})

    def _resolve(self, part: Schema, component: str) -> tuple[str, Schema]:
        if "$ref" not in part:
            return component, part
        return _target(part), self._components[_target(part)]

    def _one_of(self, schema: Schema, place: str) -> Kinds:
        alternatives = schema.get("oneOf") or schema["anyOf"]
        kinds = Kinds()
        objects: list[Schema] = []
        for alternative in alternatives:
            component, found = self._resolve(alternative, "")
            if "allOf" in found or "properties" in found:
                objects.append(alternative)
            elif "oneOf" in found or "anyOf" in found:
                kinds.absorb(self._one_of(found, place))
            else:
                kinds.absorb(self._kinds(found, place, component))
        listed = schema.get("type", ())
        if "null" in ([listed] if isinstance(listed, str) else listed):
            kinds.plain.add("None")
        names = {self._name_of(alternative, place) for alternative in objects}
        if len(names) == 1 and len(objects) == 1:
            kinds.absorb(self._kinds(objects[0], place))
        elif objects:
            # msgspec tells no two classes apart without a tag, and the schema gives
            # none: one class that has the fields of all.
            for alternative in objects:
                for parts in self._parts(alternative):
                    kinds.absorb(self._object(parts, place, "", named=place))
        return kinds

    def _parts(self, schema: Schema) -> Iterator[list[Schema]]:
        _, found = self._resolve(schema, "")
        if "allOf" in found:
            yield [self._resolve(part, "")[1] for part in found["allOf"]]
        else:
            yield [found]

    def _name_of(self, schema: Schema, place: str) -> str:
        component, found = self._resolve(schema, "")
        return self._name([found], place, component)

    def _name(self, parts: list[Schema], place: str, component: str) -> str:
        if place in PLACED.values():
            return place
        if component in SAME_OBJECT:
            return SAME_OBJECT[component]
        titles: list[str] = [part["title"] for part in parts if "title" in part]
        if titles:
            return TITLED.get(titles[0]) or camel(titles[0])
        if component:
            return camel(component.removeprefix("webhooks_").rstrip("_0123456789"))
        return place

    def _object(
        self, parts: list[Schema], place: str, component: str, named: str = ""
    ) -> Kinds:
        """A class for an object, or ``dict`` when its keys are not fixed."""
        properties = {key for part in parts for key in part.get("properties", ())}
        if not properties - HYPERMEDIA:
            return self._mapping(parts[0], place)
        if "from" in properties and properties <= {"from", "to"}:
            named, component = self._change(parts[0], place), ""
        name = named or self._name(parts, place, component)
        shape = self.shapes.setdefault(name, Shape(name))
        if not component or (component, name) not in self._read:
            self._read.add((component, name))
            self._merge(shape, parts, name)
        return Kinds(shapes={name})

    def _change(self, schema: Schema, place: str) -> str:
        """One class for all changes of the same type of value."""
        plain: set[str] = set()
        for value in schema["properties"].values():
            if "$ref" in value or "properties" in value:
                return place
            kinds = self._kinds(value, place)
            element = kinds.element
            plain |= kinds.plain - {"None"}
            if kinds.names() or (element and element.plain != {"str"}):
                return place
            plain |= {"list"} if element else set()
        if "to" in schema["properties"]:
            return TEXT_CHANGE if plain == {"str"} else place
        return PREVIOUS.get(plain.pop(), place) if len(plain) == 1 else place

    def _mapping(self, schema: Schema, place: str) -> Kinds:
        values = schema.get("additionalProperties")
        if values and values is not True:
            return Kinds(value=self._kinds(values, singular(place)))
        return Kinds({"dict"})


def _place(shape: Shape, owner: str, key: str) -> str:
    """What an object in this field is called if the schema has no name for it."""
    if not isinstance(shape, Event):
        return nested(owner, key)
    placed = PLACED.get(f"{shape.name}.{key}") or PLACED.get(f"{owner}.{key}")
    if placed is not None:
        return placed
    if key == "changes":
        return nested(shape.name, key)
    # `alert` of `code_scanning_alert` is the CodeScanningAlert.
    return owner if owner.endswith(camel(key)) else nested(owner, key)


def _has_action(schema: Schema) -> bool:
    return "action" in schema.get("properties", {})


def _target(schema: Schema) -> str:
    return schema["$ref"].rpartition("/")[2]
