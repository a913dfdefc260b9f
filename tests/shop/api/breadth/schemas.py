"""A strategy for schemas: objects, interfaces, unions, enums, a custom scalar, inputs, lists of anything."""

from dataclasses import dataclass, field

from graphql import build_schema
from hypothesis import strategies as st

TYPE_WRAPPERS = ["{}", "{}!", "[{}]", "[{}!]", "[{}]!", "[{}!]!", "[[{}]]", "[[{}!]!]!", "[[{}]!]"]
INPUT_WRAPPED = ["{}", "{}!", "[{}]", "[{}!]!"]
SCALARS = ["Int", "Float", "String", "Boolean", "ID"]
LITERALS = {"Int": "3", "Float": "1.5", "String": '"s"', "Boolean": "true", "ID": '"id"', "Mark": '"m"'}


@dataclass
class Sketch:
    """The types drawn so far: their names, and the SDL of fields by name."""

    enums: dict = field(default_factory=dict)
    inputs: dict = field(default_factory=dict)
    interfaces: dict = field(default_factory=dict)
    objects: dict = field(default_factory=dict)
    unions: dict = field(default_factory=dict)
    lines: list = field(default_factory=list)


@st.composite
def schemas(draw):
    sketch = Sketch()
    for number in range(draw(st.integers(0, 2))):
        sketch.enums[f"Enum{number}"] = [f"E{number}_{member}" for member in range(draw(st.integers(1, 3)))]
    for number in range(draw(st.integers(0, 2))):
        _draw_input(draw, sketch, f"Input{number}")
    interfaces = [f"Face{number}" for number in range(draw(st.integers(0, 2)))]
    objects = [f"Thing{number}" for number in range(draw(st.integers(1, 4)))]
    unions = [f"Either{number}" for number in range(draw(st.integers(0, 2)))]
    outputs = [*SCALARS, "Mark", *sketch.enums, *interfaces, *objects, *objects, *unions]
    for number, name in enumerate(interfaces):
        _draw_interface(draw, sketch, name, prefix="pq"[number], outputs=outputs)
    for name in objects:
        _draw_object(draw, sketch, name, outputs, eager=name == objects[0])
    for name in unions:
        members = draw(st.lists(st.sampled_from(objects), min_size=1, max_size=3, unique=True))
        sketch.lines.append(f"union {name} = {' | '.join(members)}")
    for name in ("Query", "Mutation"):
        _write(sketch, f"type {name}", _draw_fields(draw, sketch, outputs, "abcdef"))
    for name, values in sketch.enums.items():
        sketch.lines.append(f"enum {name} {{ {' '.join(values)} }}")
    return build_marked_schema("\n".join(["scalar Mark", *sketch.lines]))


def build_marked_schema(sdl):
    """Build a schema whose scalar `Mark`, if it has one, refuses some values and turns others into null."""
    schema = build_schema(sdl)
    mark_scalar = schema.type_map.get("Mark")
    if mark_scalar is not None:
        mark_scalar.coerce_output_value = _mark_out
        mark_scalar.coerce_input_value = _mark_in
    return schema


def _mark_out(value):
    if value == "refused":
        raise ValueError("Mark refuses.")
    return None if value == "vanishing" else f"<{value}>"


def _mark_in(value):
    if value == "refused":
        raise ValueError("Mark takes no such thing.")
    return f"in:{value}"


def _draw_input(draw, sketch, name):
    types = [*SCALARS, "Mark", *sketch.enums, *sketch.inputs]
    fields = {}
    for letter in draw(st.lists(st.sampled_from("xyz"), min_size=1, max_size=3, unique=True)):
        type_, default = _draw_input_type(draw, sketch, types)
        fields[letter] = type_ + default
    sketch.inputs[name] = [letter for letter, line in fields.items() if line.endswith("!")]
    sketch.lines.append(f"input {name} {{ {' '.join(f'{k}: {v}' for k, v in fields.items())} }}")


def _draw_input_type(draw, sketch, types):
    base = draw(st.sampled_from(types))
    wrapped = draw(st.sampled_from(INPUT_WRAPPED))
    literal = LITERALS.get(base) or (sketch.enums[base][0] if base in sketch.enums else None)
    if literal is None and not sketch.inputs[base]:
        literal = "{}"
    default = ""
    if literal is not None and draw(st.booleans()):
        default = f" = [{literal}]" if wrapped.startswith("[") else f" = {literal}"
    return wrapped.format(base), default


def _draw_fields(draw, sketch, outputs, letters):
    fields = {}
    for letter in draw(st.lists(st.sampled_from(letters), min_size=1, max_size=4, unique=True)):
        arguments = []
        for name in draw(st.lists(st.sampled_from("uv"), max_size=2, unique=True)):
            type_, default = _draw_input_type(draw, sketch, [*SCALARS, "Mark", *sketch.enums, *sketch.inputs])
            arguments.append(f"{name}: {type_}{default}")
        signature = f"({', '.join(arguments)})" if arguments else ""
        fields[letter] = (
            signature,
            draw(st.sampled_from(TYPE_WRAPPERS)).format(draw(st.sampled_from(outputs))),
        )
    # A leaf keeps every type finite.
    fields[f"{letters[0]}Leaf"] = ("", draw(st.sampled_from(["Int", "String!", "ID"])))
    return fields


def _draw_interface(draw, sketch, name, prefix, outputs):
    own_fields = _draw_fields(draw, sketch, outputs, [prefix + letter for letter in "abc"])
    parents = [parent for parent in sketch.interfaces if draw(st.booleans())]
    for parent in parents:
        own_fields |= sketch.interfaces[parent][1]
    sketch.interfaces[name] = (parents, own_fields)
    _write(
        sketch, f"interface {name}" + (f" implements {' & '.join(parents)}" if parents else ""), own_fields
    )


def _draw_object(draw, sketch, name, outputs, eager):
    fields = _draw_fields(draw, sketch, outputs, "abcdef")
    interfaces = [interface for interface in sketch.interfaces if eager or draw(st.booleans())]
    for interface in list(interfaces):
        interfaces += [parent for parent in sketch.interfaces[interface][0] if parent not in interfaces]
    for interface in interfaces:
        for letter, (signature, type_) in sketch.interfaces[interface][1].items():
            stronger = not type_.endswith("!") and draw(st.booleans())
            fields[letter] = (signature, type_ + "!" if stronger else type_)
    sketch.objects[name] = fields
    _write(sketch, f"type {name}" + (f" implements {' & '.join(interfaces)}" if interfaces else ""), fields)


def _write(sketch, header, fields):
    fields_text = " ".join(f"{letter}{signature}: {type_}" for letter, (signature, type_) in fields.items())
    sketch.lines.append(f"{header} {{ {fields_text} }}")
