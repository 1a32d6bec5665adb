"""The catalogue lists exactly the findings that the code can give."""

import re
from pathlib import Path

import uns
from uns.errors import ANSWERS
from uns.policy.catalog import CATALOG

ROOT = Path(uns.__file__).parent
FILES = [
    *(ROOT / "registry").glob("*.py"),
    *(path for path in (ROOT / "policy").glob("*.py") if path.name != "catalog.py"),
    *(ROOT / "app/plant").glob("*.py"),
    *(ROOT / "app/golden").glob("*.py"),
    ROOT / "app/settings.py",
]
_ID = re.compile(rf'"((?:{"|".join(ANSWERS)})\.[a-z_]+)"')


def test_the_catalogue_is_complete_and_holds_nothing_else() -> None:
    given = {found for path in FILES for found in _ID.findall(path.read_text())}
    given -= {"namespace.yaml", "access.yaml"}
    assert given == set(CATALOG)
