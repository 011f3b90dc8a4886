"""What the tests of the server share."""

import sys
from pathlib import Path

import pytest

# Helpers that stand beside the tests which use them.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A volunteer page that is as good as built."""
    from peers import write_page

    return write_page(tmp_path_factory.mktemp("static"))
