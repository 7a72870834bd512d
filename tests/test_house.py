"""The rooms are as the documents say, and none of them grows into a flat hall again. (Layers: `lint-imports`.)"""

import ast
import re
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.utils.module_loading import import_string

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ROOT / "video"
MOST_LINES = 2500  # of one folder of code, without the folders in it
NO_ROOMS = {"management", "migrations", "models", "templatetags", "__pycache__"}
PICTURE = re.search(r"```mermaid\n(.*?)```", (ROOT / "docs/architecture.md").read_text(), re.DOTALL)
ROOMS = sorted(folder.name for folder in PRODUCT.iterdir() if folder.is_dir() and folder.name not in NO_ROOMS)


def code_folders() -> list[Path]:
    return sorted(
        {
            path.parent
            for package in ("config", "lti_tool", "video", "demo")
            for path in (ROOT / package).rglob("*.py")
            if "migrations" not in path.parts and path.parent.name != "models"
        }
    )


@pytest.mark.parametrize("folder", code_folders(), ids=lambda folder: str(folder.relative_to(ROOT)))
def test_no_folder_is_too_large_to_know(folder: Path) -> None:
    lines = sum(len(path.read_text().splitlines()) for path in folder.glob("*.py"))
    assert lines <= MOST_LINES, "make a room of what belongs together"


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_says_what_it_is_for(room: str) -> None:
    said = ast.get_docstring(ast.parse((PRODUCT / room / "__init__.py").read_text()))
    assert said
    assert "May import" in said or room == "storage"


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_is_in_the_picture(room: str) -> None:
    assert PICTURE
    assert re.search(rf"\b{room}\b", PICTURE.group(1)), "docs/architecture.md has a picture of all rooms"


def test_the_picture_shows_nothing_else() -> None:
    assert PICTURE
    shown = set(re.findall(r"[a-z_]+", PICTURE.group(1).replace("flowchart TD", "")))
    assert shown - set(ROOMS) == {"home", "models"}


@pytest.mark.parametrize("kind", ["templates/video", "frontend/src", "tests/video"])
def test_folders_beside_bear_the_rooms_names(kind: str) -> None:
    beside = {
        "templates/video": {"parts"},
        "frontend/src": {"recorder", "styles"},
        "tests/video": {"__pycache__"},
    }[kind]
    folders = (ROOT / kind).iterdir()
    there = {folder.name.replace("-", "_") for folder in folders if folder.is_dir() and any(folder.iterdir())}
    assert there - beside <= set(ROOMS)


@pytest.fixture(scope="module", autouse=True)
def _tasks_are_known() -> None:
    current_app.loader.import_default_modules()


def queued_names() -> set[str]:
    """Whatever is queued by its name in the code, or by beat."""
    names = {str(entry["task"]) for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    for package in ("lti_tool", "video"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "enqueue":
                    assert isinstance(node.args[0], ast.Constant), f"{path}: a name, so that it can be checked here"
                    names.add(str(node.args[0].value))
    return names


@pytest.mark.parametrize("name", sorted(queued_names()))
def test_what_is_queued_by_a_name_is_a_task_that_workers_know(name: str) -> None:
    assert import_string(name).name == name
    assert name in current_app.tasks
    module, _, function = name.rpartition(".")
    if module.startswith("video."):
        assert getattr(import_string("video.tasks." + function), "name", None) == name, (
            "video/tasks.py lists every task"
        )


def written_names() -> list[tuple[Path, int, str]]:
    """Whatever stands between backticks in code, templates and documents, with where."""
    texts = [
        path
        for folder in ("bench", "config", "demo", "docs", "frontend/src", "lti_tool", "templates", "tests", "video")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".md", ".html", ".ts") and "openedx" not in path.parts
    ]
    return [
        (path, number, name)
        for path in [*texts, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for name in re.findall(r"`([\w./-]+\.[\w]+)(?:\(\))?`", line)
    ]


def test_files_and_functions_are_called_by_the_names_they_have() -> None:
    """`verification.py` and `grades.put_back`, in prose, are there: a newcomer looks for them."""
    paths = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if "node_modules" not in path.parts}
    ends = {"/".join(Path(path).parts[-depth:]) for path in paths for depth in range(1, 6)}
    modules: dict[str, str] = {}
    for package in ("config", "lti_tool", "video"):
        for path in (ROOT / package).rglob("*.py"):
            modules[path.stem] = modules.get(path.stem, "") + path.read_text()
    wrong = []
    for path, number, name in written_names():
        if Path(name).suffix in (".py", ".html", ".ts", ".css", ".sh"):
            known = name in ends or (path.parent / name).exists()
        else:
            module, _, member = name.split("/")[-1].rpartition(".")
            text = modules.get(module.rpartition(".")[2])
            is_host = member in ("com", "example", "net")
            known = is_host or text is None or member in modules or re.search(rf"\b{member}\b", text) is not None
        if not known:
            wrong.append(f"{path.relative_to(ROOT)}:{number}: {name}")
    assert wrong == []
