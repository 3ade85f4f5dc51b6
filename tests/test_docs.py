"""The documentation is part of the product: it is complete, its links hold, its examples ran.

Law of this file: names come from the code, and are looked for in the pages as a reader sees them.
"""

import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

import patchfleet.errors
from patchfleet import nsight, qualys
from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.main import app
from patchfleet.config import Settings, load
from patchfleet.emulator import FAULTS, Emulator
from patchfleet.emulator.control import ROUTES
from patchfleet.models import STATES
from patchfleet.nsight import NAble
from patchfleet.nsight.regions import ALIASES, SERVERS
from patchfleet.qualys import Qualys, gav, pm
from patchfleet.qualys.jobs.rules import JobParameters
from patchfleet.qualys.platforms import ALIASES as PODS
from patchfleet.qualys.platforms import GATEWAYS
from patchfleet.store.views.columns import VIEWS
from patchfleet.transport.client import operation, stream, table_of

HOME = Path(__file__).parent.parent
TOP = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "examples/README.md"]
PAGES = [*(HOME / name for name in TOP), *sorted((HOME / "docs").rglob("*.md"))]
OURS = [page for page in PAGES if page.name != "benchmarks.md"]  # script/bench writes that one


def shown(page: Path) -> str:
    """Return a page's path as a test's name."""
    return page.relative_to(HOME).as_posix()


def text_of(name: str) -> str:
    return (HOME / name).read_text(encoding="utf-8")


def has_examples(page: Path) -> bool:
    return bool(re.search(r"^```(console|python)$", page.read_text(encoding="utf-8"), re.MULTILINE))


def generator(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run what writes the generated parts, from the repository's own folder."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=HOME,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def test_generated_parts_are_up_to_date() -> None:
    plain = [shown(page) for page in OURS if not has_examples(page)]
    done = generator("-m", "docs.generator", "--check", *plain)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.full(share=0.2)
@pytest.mark.parametrize("page", [page for page in OURS if has_examples(page)], ids=shown)
def test_examples_do_what_the_page_says(page: Path) -> None:
    done = generator("-m", "docs.generator", "--check", shown(page))
    if "there is none here" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_stale_is_found_and_what_fails_ends_the_page() -> None:
    code = """
from docs.generator.pages import with_generated_parts
from docs.generator.sessions import with_results

page = "<!-- generated: exit-codes -->\\nold\\n<!-- end -->"
assert "old" not in with_generated_parts(page) and "| 130 |" in with_generated_parts(page)
assert "\\n7\\n" in with_results("```python\\nprint(3 + 4)\\n```\\n\\n```text\\n8\\n```\\n")
assert "8.2" in with_results("```console\\n$ echo in 9.1 s\\nin 8.2 s\\n```\\n")
for broken in ("console\\n./by-hand", "console\\n$ false", "python\\nprint(1)"):
    try:
        with_results(f"```{broken}\\n```\\n")
    except ValueError:
        continue
    raise AssertionError(broken)
"""
    done = generator("-W", "error", "-c", code)
    assert done.returncode == 0, done.stderr


def links(page: Path) -> Iterator[str]:
    """Yield the targets of a page's links and pictures, those of its own examples aside."""
    fenced = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
    text = fenced.sub("", page.read_text(encoding="utf-8"))
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


def anchors(page: Path) -> set[str]:
    """Return what a link may name on a page: its headings, as the forges spell them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def target_of(page: Path, link: str) -> tuple[Path, str]:
    name, _, anchor = link.partition("#")
    return (page.parent / name).resolve() if name else page, anchor


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith("https://"):
            continue
        target, anchor = target_of(page, link)
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_first() -> None:
    reached, waiting = set(), [HOME / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        waiting += [target_of(page, link)[0] for link in links(page) if "://" not in link]
    unreached = [shown(page) for page in PAGES if page not in reached]
    assert unreached == []


def test_the_two_commands_come_first() -> None:
    first = text_of("README.md").split("```")[1]
    assert re.findall(r"^\./script/\w+", first, re.MULTILINE) == ["./script/demo", "./script/test"]


def test_the_picture_is_there_and_small() -> None:
    picture = (HOME / "docs" / "images" / "report.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20]) == 1280
    assert len(picture) < 300_000


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with what somebody types to run it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, f"{path} {name}")


COMMANDS = dict(commands(app, "patchfleet"))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_option_is_documented(path: str) -> None:
    page = text_of("docs/command-line.md")
    section = page.partition(f"\n## {path}\n")[2].partition("\n## ")[0]
    assert section, f"no section about {path}"
    for parameter in COMMANDS[path].params:
        for name in parameter.opts if isinstance(parameter, click.Option) else []:
            assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", section), name


def settings(kind: type[msgspec.Struct], place: str = "") -> Iterator[str]:
    """Yield every setting with the table it stands in."""
    for field in msgspec.structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from settings(field.type, f"{field.name}.")
        elif field.name not in ("file", "tables", "customers"):
            yield f"{place}{field.name}"


def test_every_setting_variable_and_exit_code_is_documented() -> None:
    page = text_of("docs/configuration.md")
    assert [name for name in settings(Settings) if f"| `{name}` |" not in page] == []
    source = (HOME / "src").rglob("*.py")
    variables = {
        name
        for path in source
        for name in re.findall(r"\bPATCHFLEET_[A-Z_]+\b", path.read_text(encoding="utf-8"))
    }
    variables = {name for name in variables if not name.endswith("_")}  # the first part of names
    assert [name for name in variables if f"| `{name}` |" not in page] == []
    assert [code for code in Exit if f"\n| {code.value} | " not in page] == []


def test_the_file_of_settings_on_the_page_is_one(tmp_path: Path) -> None:
    shown_file = text_of("docs/configuration.md").partition("```toml\n")[2].partition("```")[0]
    assert tomllib.loads(shown_file)
    path = tmp_path / "patchfleet.toml"
    path.write_text(shown_file, encoding="utf-8")
    assert load(path, {}).nsight.region == "us"


def test_every_operation_is_documented_under_all_its_names() -> None:
    page = text_of("docs/nsight.md")
    assert [name for name in table_of(NAble) if f"\nNAble.{name}(" not in page] == []


def test_every_public_name_of_the_library_is_documented() -> None:
    text = text_of("docs/nsight.md") + text_of("docs/library.md")
    assert [name for name in nsight.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_every_operation_of_qualys_is_documented_and_what_is_certain_about_it() -> None:
    page = text_of("docs/qualys.md")
    names = [name for name, line in table_of(Qualys).items() if isinstance(line, operation)]
    assert [name for name in names if f"\n### {name}\n" not in page] == []
    lazy = [name for name, line in table_of(Qualys).items() if isinstance(line, stream)]
    assert [name for name in lazy if f"`{name}` takes the same" not in page] == []
    made_of_others = {"clone_job", "list_tags", "get_tag_id"}
    assert [name for name in {*names} - made_of_others if f"| `{name}` |" not in page] == []


def test_every_public_name_of_qualys_and_every_parameter_of_a_job_is_documented() -> None:
    page = text_of("docs/qualys.md")
    public = {*qualys.__all__, *pm.__all__, *gav.__all__}
    text = page + text_of("docs/library.md")
    assert [name for name in sorted(public) if not re.search(rf"\b{name}\b", text)] == []
    assert [name for name in JobParameters.__annotations__ if f"| `{name}` |" not in page] == []
    assert [name for name in (*GATEWAYS, *PODS) if f"`{name}`" not in page] == []
    settings_of_an_account = qualys.ClientOptions.__annotations__
    assert [name for name in settings_of_an_account if f"| `{name}` |" not in page] == []


def test_the_known_defects_of_the_existing_sdk_stand_beside_their_tests() -> None:
    page = text_of("docs/qualys.md").partition("has twenty-five known defects")[2]
    rows = re.findall(r"^\| (\d+) \| .+ \| .+ \| `(test_defect_\w+)` \|$", page, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 26))


def test_every_region_error_and_state_is_documented() -> None:
    reference, library, concepts = map(
        text_of, ("docs/nsight.md", "docs/library.md", "docs/concepts.md")
    )
    assert [name for name in (*SERVERS, *ALIASES) if f"`{name}`" not in reference] == []
    errors = [
        name
        for name, kind in vars(patchfleet.errors).items()
        if inspect.isclass(kind) and issubclass(kind, patchfleet.errors.Error)
    ]
    assert [name for name in errors if f"| `{name}` |" not in library] == []
    assert [state for state in STATES if f"| `{state}` |" not in concepts] == []


def test_every_view_and_each_of_its_columns_is_documented() -> None:
    page = text_of("docs/sql.md")
    for view, columns in VIEWS.items():
        section = page.partition(f"\n### {view}\n")[2].partition("\n### ")[0]
        assert [name for name in columns if f"\n| `{name}` |" not in section] == [], view


def test_everything_the_emulator_can_do_is_documented() -> None:
    page = text_of("docs/emulator.md")
    assert [kind for kind in FAULTS if f"| `{kind}` |" not in page] == []
    assert [
        f"{verb} {name}" for name, verb in ROUTES if f"`{verb} /_control/{name}`" not in page
    ] == []
    options = [
        name for name in inspect.signature(Emulator).parameters if f"| `{name}` |" not in page
    ]
    assert options == []


def test_a_page_of_something_else_is_never_written() -> None:
    listed = generator("-c", "from docs.generator.pages import all_pages; print(all_pages())")
    assert "README.md" in listed.stdout
    assert "benchmarks.md" not in listed.stdout
    refused = generator("-m", "docs.generator", "docs/benchmarks.md")
    assert refused.returncode == 1
    assert "written by something else" in refused.stderr


def test_decisions_are_numbered_and_short() -> None:
    pages = sorted((HOME / "docs" / "decisions").glob("[0-9]*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert numbers == list(range(1, len(pages) + 1))
    for page, number in zip(pages, numbers, strict=True):
        lines = page.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith(f"# {number}. ")
        assert len(lines) <= 45, f"{page.name} is longer than half a page"
