"""The examples, and the files of the deployment, that the original's users have: see `programs/test_features`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMAGE = ROOT / "deploy" / "docker"
EXAMPLES = {
    "square": ["seq", "--stdin"],
    "collatz": ["ranges.py", "--stdin", "monitor.py"],
    "crypto-mining": ["miner.py"],
    "raytracer": ["frames.py", "--stdin", "--binary-output", "gif.py"],
    "random-testing": ["seq", "--stdin", "report.py"],
    "arxiv": ["papers.py", "--stdin", "tally.py"],
    "rlnetwork": ["settings.py", "--stdin", "best.py"],
    "image-processing": ["read_images.py", "--stdin", "write_images.py"],
}
"""What is in the pipeline of each, in this order. `image-processing` is the original's `photo-batch-processing`."""


def commands(readme: Path) -> str:
    """What is in the code blocks of a README."""
    return "\n".join(re.findall(r"^```\w*\n(.*?)^```$", readme.read_text(), re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_there_with_its_tools_in_the_pipeline(name: str) -> None:
    folder = ROOT / "examples" / name
    assert list(folder.glob("*.js"))
    lines = [line for line in commands(folder / "README.md").splitlines() if EXAMPLES[name][0] in line]
    assert any(re.search(".*".join(map(re.escape, EXAMPLES[name])), line) for line in lines), lines
    assert f"({name})" in (ROOT / "examples" / "README.md").read_text()


def test_no_example_is_without_a_promise() -> None:
    assert {path.name for path in (ROOT / "examples").iterdir() if path.is_dir()} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_image_starts_an_example_by_its_name(name: str) -> None:
    """In the folder in which a shell begins; options of `pando` may follow."""
    script = IMAGE / "examples" / name
    assert script.stat().st_mode & 0o111, "it can be started"
    assert f"examples/{name}" in script.read_text()
    assert '"$@"' in script.read_text()


def test_the_image_has_the_ports_of_volunteers_monitoring_and_files() -> None:
    """5000 and 5001, and 8080, at which the original serves photos: here a public server may be there."""
    dockerfile = (IMAGE / "Dockerfile").read_text()
    assert re.findall(r"^EXPOSE (.*)$", dockerfile, re.MULTILINE) == ["5000 5001 8080"]
    assert "COPY deploy/docker/examples/ .\n" in dockerfile
    usage = commands(IMAGE / "README.md")
    assert "docker build -f deploy/docker/Dockerfile -t pando .\n" in usage
    assert re.search(r"docker run .*-p 5000:5000 -p 5001:5001 pando \./raytracer\n", usage)


def test_a_server_on_heroku_is_created_given_a_secret_and_pushed() -> None:
    """Then a client names the application, and has the secret."""
    usage = commands(ROOT / "deploy" / "heroku" / "README.md")
    steps = ["heroku create", "heroku config:set", "SECRET=", "git push heroku", "export PANDO_SECRET=", "--host="]
    places = [usage.index(step) for step in steps]
    assert places == sorted(places)
    assert (ROOT / "Procfile").read_text() == "web: pando-server\n"
