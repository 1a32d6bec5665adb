"""How do the page's libraries get into `static/vendor`: pinned npm tarballs, checked, unpacked, made importable.

`python -m uns.web.vendor` needs npm and runs only when a version in vendor.json changes; the result is committed.
Bare imports (`from "preact"`) become relative ones: an import map would have to stand inline in the page, where a
`default-src 'self'` policy refuses it, and without a map the same modules load in Node's test runner too.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from uns.web import STATIC

MANIFEST = Path(__file__).with_name("vendor.json")
VENDOR = STATIC / "vendor"

_SOURCE_MAP = re.compile(r"//# sourceMappingURL=\S*\s*$")


def sha512(data: bytes) -> str:
    """Digest in the form of npm and of Subresource Integrity: `sha512-` and base64."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def make_importable(source: str, imports: dict[str, str]) -> str:
    """An ES module with the bare imports of `imports` made relative and its source map reference cut."""
    names = "|".join(map(re.escape, imports))
    bare = re.compile(rf"""\b(from|import)(\s*)(["'])({names})\3""")
    source = bare.sub(lambda match: f"{match[1]}{match[2]}{match[3]}{imports[match[4]]}{match[3]}", source)
    return _SOURCE_MAP.sub("", source).rstrip() + "\n"


def fetch(name: str, version: str, integrity: str, into: Path) -> Path:
    """Download one tarball with npm's own client; ValueError when it is not the recorded one."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"{name}@{version}"], cwd=into, check=True, capture_output=True, text=True
    )
    tarball = into / packed.stdout.split()[-1]
    _expect(f"{name}@{version}", integrity, tarball.read_bytes())
    return tarball


def extract(tarball: Path, member: str, imports: dict[str, str]) -> bytes:
    """One file of a package as it is vendored."""
    with tarfile.open(tarball) as archive:
        content = archive.extractfile(f"package/{member}")
        if content is None:
            raise ValueError(f"'{member}' in {tarball.name} is no file")
        data = content.read()
    if member.endswith((".mjs", ".js")):
        data = make_importable(data.decode(), imports).encode()
    return data


def vendor(manifest: dict[str, Any], into: Path) -> None:
    """Write every file of the manifest below `into`, which holds nothing else afterwards."""
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as fresh:
        for package in manifest["packages"]:
            tarball = fetch(package["name"], package["version"], package["integrity"], Path(scratch))
            for target, entry in package["files"].items():
                data = extract(tarball, entry["from"], manifest["imports"])
                _expect(target, entry["sha512"], data)
                path = Path(fresh, target)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        shutil.rmtree(into, ignore_errors=True)
        shutil.copytree(fresh, into)


def _expect(what: str, recorded: str, data: bytes) -> None:
    actual = sha512(data)
    if actual != recorded:
        raise ValueError(f"{what} has {actual}, but vendor.json records '{recorded}'. Record it only if you trust it.")


if __name__ == "__main__":
    try:
        vendor(json.loads(MANIFEST.read_text()), VENDOR)
    except (ValueError, KeyError, subprocess.CalledProcessError) as error:
        sys.exit(f"nothing vendored: {error}")
