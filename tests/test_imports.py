"""The import rule of docs/architecture.md: no circles between rooms, and rooms and commands without TensorFlow."""

import ast
import pathlib
import subprocess
import sys

import pytest
from helpers import ROOT

PACKAGE = ROOT / "cman_tf"
HEAVY = {"tensorflow", "tensorflow_addons", "tensorflow_hub", "keras", "tf_keras", "transformers"}
LIGHT_ROOMS = (
    *("pages", "visualizing", "comparing", "data", "formats", "scoring", "runs", "errors", "config"),
    "retrieving",
)
LIGHT_COMMANDS = ("score", "download", "report", "compare", "index")


def name_module(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_module(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def is_for_types_alone(node):
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def walk_run_time(node):
    """Every node that can run, in functions too; not what is behind `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if not is_for_types_alone(child):
            yield child
            yield from walk_run_time(child)


def find_imports(module):
    """What a module imports, at once or in a function: full names of modules."""
    found = set()
    for node in walk_run_time(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(inner & MODULES.keys())
            if not inner <= MODULES.keys():
                found.add(node.module)
    return found - {module}


IMPORTS = {module: find_imports(module) for module in MODULES}


def room_of(module):
    """The folder below cman_tf, or the file's own name; the package's `__init__` is `cman_tf`."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def find_circle(graph):
    """Nodes that form a circle, or nothing."""
    finished = set()

    def search(node, path):
        if node in path:
            return [*path[path.index(node) :], node]
        if node in finished:
            return []
        for successor in sorted(graph.get(node, ())):
            circle = search(successor, [*path, node])
            if circle:
                return circle
        finished.add(node)
        return []

    return next(filter(None, (search(node, []) for node in sorted(graph))), [])


def edges_between_rooms():
    """Room to rooms that it imports, and for each such pair a module and what it imports."""
    graph, shown = {}, {}
    for module, imported in IMPORTS.items():
        for other in imported & MODULES.keys():
            one, two = room_of(module), room_of(other)
            if one != two:
                graph.setdefault(one, set()).add(two)
                shown.setdefault((one, two), []).append(f"{module} imports {other}")
    return graph, shown


def test_circles_are_found():
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert find_circle({"a": {"b", "c"}, "b": {"c"}}) == []


def test_no_circle_between_rooms():
    graph, shown = edges_between_rooms()
    assert {"data", "layers", "models", "training"} <= graph.keys()
    circle = find_circle(graph)
    assert not circle, "\n".join(line for pair in zip(circle, circle[1:]) for line in shown[pair])


def test_no_circle_between_modules():
    circle = find_circle({module: imported & MODULES.keys() for module, imported in IMPORTS.items()})
    assert not circle, " imports ".join(circle)


def test_rooms_import_downwards():
    """Commands, then experiments, then training and inference, then models, then layers."""
    graph, shown = edges_between_rooms()
    commands = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "errors", "config"}
    above = [commands, {"experiments"}, {"training", "inference"}, {"models"}, {"layers"}]
    for place, upper in enumerate(above):
        for lower in above[place + 1 :]:
            for room in lower:
                wrong = graph.get(room, set()) & upper
                assert not wrong, [shown[room, other] for other in wrong]


def light_modules():
    return [m for m in MODULES if room_of(m) in (*LIGHT_ROOMS, *LIGHT_COMMANDS)]


@pytest.mark.parametrize("start", light_modules())
def test_no_way_leads_to_tensorflow(start):
    """Not even within a function, through any number of imports."""
    ways, todo = {start: start}, [start]
    while todo:
        module = todo.pop()
        for imported in IMPORTS.get(module, ()):
            assert imported.split(".")[0] not in HEAVY, f"{ways[module]} imports {imported}"
            if imported in MODULES and imported not in ways:
                ways[imported] = f"{ways[module]} imports {imported}"
                todo.append(imported)


_PROBE = """
import importlib, sys
for module in sys.argv[2:]:
    importlib.import_module(module)
    loaded = sorted({name.split(".")[0] for name in sys.modules} & set(sys.argv[1].split(",")))
    assert not loaded, f"{module} loads {loaded}"
"""


def test_light_modules_load_no_tensorflow():
    """As the interpreter sees it, what other packages import included; and `import cman_tf` itself."""
    command = [sys.executable, "-c", _PROBE, ",".join(HEAVY), "cman_tf", *light_modules()]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr[-500:]


def test_modules_are_found():
    assert pathlib.Path(MODULES["cman_tf.scoring"]).name == "__init__.py"
    assert "cman_tf.layers.crf" in IMPORTS["cman_tf.models.cman"] | IMPORTS["cman_tf.models.base"]
    assert len(light_modules()) > 20
