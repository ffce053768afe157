"""The house keeps its shape: no circle of imports, files and names as agreed, nothing is ever unpickled or evaluated.

Which room may import which is held by import-linter: `[tool.importlinter]` in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

from repository import FILES, PACKAGES, ROOT, module_of, parsed

MIGRATIONS = sorted((ROOT / "migrations").rglob("*.py"))
LONGEST = 400
VAGUE = frozenset({"utils", "util", "helpers", "helper", "common", "base", "manager", "processor", "misc"})
FILLERS = frozenset("said held told found kept known asked some way look turn rest one its".split())
UNPICKLES = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "skops"})


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Every module a file imports, wherever in it the import stands."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: {ast.unparse(node)} is relative; write the whole name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_a_room_imports_only_the_rooms_below_it() -> None:
    """The contracts stand in pyproject.toml; that of training, serving imports only the model is one of them."""
    command = [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_import_goes_in_a_circle() -> None:
    """Imports inside functions and under TYPE_CHECKING count: they hide a circle, they do not open it."""
    modules = {module_of(path): path for path in FILES}

    def imported(name: str) -> str:
        return name if name in modules else name.rpartition(".")[0]

    graph = {module: {imported(name) for name in imports(path)} & set(modules) for module, path in modules.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_nobody_imports_the_front_door() -> None:
    assert not [path for path in FILES for name in imports(path) if name.partition(".")[0] == "leadlight"]


def test_serving_names_neither_mlflow_nor_shap() -> None:
    """They cost seconds at start; another test scores a lead and looks at what was really loaded."""
    served = [path for path in FILES if package_of(path) in ("features", "serving")]
    served += sorted((ROOT / "training" / "model").glob("*.py"))
    found = {name.partition(".")[0] for path in served for name in imports(path)}
    assert not found & {"mlflow", "shap", "matplotlib", "altair"}


def test_files_are_short_and_their_names_say_something() -> None:
    long = {path.name: n for path in [*FILES, *MIGRATIONS] if (n := len(path.read_text().splitlines())) > LONGEST}
    assert not long
    assert not {path.stem for path in FILES} & VAGUE


def defined(path: Path) -> Iterator[str]:
    """The names that a file defines at its top level."""
    for node in parsed(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))


def test_a_public_name_says_its_noun() -> None:
    """A name that says nothing without its module, such as `told`, sends its reader to that module each time."""
    assert not [(module_of(path), name) for path in FILES for name in defined(path) if name.lower() in FILLERS]


def test_no_two_classes_have_one_name() -> None:
    places: dict[str, list[str]] = {}
    for path in FILES:
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(module_of(path))
    assert not {name: where for name, where in places.items() if len(where) > 1}


def test_nothing_is_unpickled_or_run_as_code() -> None:
    wrong = []
    for path in [*FILES, *MIGRATIONS]:
        wrong += [(path.name, name) for name in imports(path) if name.partition(".")[0] in UNPICKLES]
        calls = (node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call))
        wrong += [(path.name, ast.unparse(call)) for call in calls if runs_code(call)]
    assert not wrong


def runs_code(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    return (
        called in ("eval", "exec", "compile", "__import__", "yaml.load")
        or called.endswith((".read_pickle", ".to_pickle", ".eval"))
        or any(word.arg == "allow_pickle" for word in call.keywords)
    )


def test_every_file_and_every_public_name_says_what_it_is() -> None:
    """One sentence for the file; a docstring for each public function and class of more than a few lines."""
    silent = [str(path.relative_to(ROOT)) for path in FILES if not ast.get_docstring(parsed(path))]
    for path in FILES:
        for node in parsed(path).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                is_plain = (node.end_lineno or 0) - node.lineno <= 6
                silent += [] if is_plain or ast.get_docstring(node) else [f"{path.name}: {node.name}"]
    assert not silent


def test_the_packages_are_those_of_the_repo_wherever_a_command_is_run(tmp_path: Path) -> None:
    """An application run from its repo: names such as `features` must not come from somebody's environment."""
    asked = f"from importlib.util import find_spec; print(*[find_spec(n).origin for n in {[*PACKAGES, 'leadlight']}])"
    done = subprocess.run([sys.executable, "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [Path(place) for place in done.stdout.split()] == [
        *(ROOT / package / "__init__.py" for package in PACKAGES),
        ROOT / "leadlight.py",
    ]


def test_importing_the_packages_does_no_work(tmp_path: Path) -> None:
    """No file appears, and the slow libraries stay away until they are needed."""
    asked = (
        "import sys, features.store.materialize, serving.scoring.scorer, leadlight; "
        "print([n for n in ('feast', 'mlflow', 'shap', 'bentoml', 'altair', 'matplotlib') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_and_the_supervisor_load_only_what_they_need(tmp_path: Path) -> None:
    """A typed command and `bentoml serve`, which starts the workers, wait for no frames and nothing compiled."""
    asked = (
        "import sys, commands.app, serving.service; "
        "print([n for n in ('numpy', 'pandas', 'numba', 'sklearn') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


FLOORS = {"bentoml": "1.4.39", "feast": "0.67", "mlflow": "3.17", "lightgbm": "4.6", "shap": "0.50"}


def test_dependencies_that_a_resolver_would_age_have_floors() -> None:
    """Without them it silently picks BentoML 0.9.2 of 2021."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    floors = {line.split(">=")[0].split("[")[0]: line.split(">=")[1].split(",")[0] for line in project["dependencies"]}
    assert {name: floors[name] for name in FLOORS} == FLOORS


def test_what_is_imported_is_declared() -> None:
    """An import that only another library brings breaks when that library does without it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {normal(re.split(r"[\[>=<; ]", line)[0]) for line in project["dependencies"]}
    brought_by = packages_distributions()
    roots = {name.partition(".")[0] for path in FILES for name in imports(path)} - set(sys.stdlib_module_names)
    foreign = roots - {*PACKAGES, "leadlight"}
    undeclared = {root for root in foreign if declared.isdisjoint(normal(name) for name in brought_by.get(root, []))}
    assert not undeclared


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_an_advisory_that_the_audit_passes_over_is_explained() -> None:
    """SECURITY.md names each, or the range that it lies in, with why it does not reach us."""
    passed_over = {int(number) for number in re.findall(r"CVE-2024-(\d+)", (ROOT / "Makefile").read_text())}
    rows = re.findall(r"^\| CVE-2024-(\d+)(?: to CVE-2024-(\d+))? \|", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    explained = {number for first, last in rows for number in range(int(first), int(last or first) + 1)}
    assert passed_over == explained
