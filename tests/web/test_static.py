"""Is what lies in the package what the strict headers allow, complete, and exactly what was vendored?"""

import io
import json
import re
import tarfile
from pathlib import Path

import pytest

from uns.web import MEDIA_TYPES, SECURITY_HEADERS, STATIC
from uns.web.vendor import MANIFEST, VENDOR, extract, fetch, make_importable, sha512

OWN = [path for path in STATIC.rglob("*") if path.suffix in {".html", ".js", ".css"} and VENDOR not in path.parents]
MODULES = sorted(STATIC.rglob("*.js"))
MANIFEST_DATA = json.loads(MANIFEST.read_text())
VENDORED = {name: entry for package in MANIFEST_DATA["packages"] for name, entry in package["files"].items()}


def test_policy_allows_this_server_only() -> None:
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_page_has_no_inline_script_or_style() -> None:
    page = (STATIC / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page
    assert re.findall(r"\s(?:style|on\w+)=", page) == []


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_nothing_reaches_another_origin_or_parses_text_as_markup(path: Path) -> None:
    source = path.read_text()
    assert re.findall(r"https?://[^\s\"')]+", source) == []
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", source) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_every_import_is_a_file_of_the_package(path: Path) -> None:
    names = re.findall(r"""\b(?:from|import)\s*["']([^"'\n]+)["']""", path.read_text())
    for name in names:
        assert name.startswith("."), f"{path.name} imports '{name}', which only an import map could resolve"
        assert (path.parent / name).is_file()


def test_every_link_of_the_page_exists() -> None:
    links = re.findall(r'(?:src|href)="([\w./-]+\.\w+)"', (STATIC / "index.html").read_text())
    assert len(links) >= 8
    assert [link for link in links if not (STATIC / link).is_file()] == []


def test_every_file_has_a_media_type() -> None:
    assert {path.suffix for path in STATIC.rglob("*") if path.is_file()} <= set(MEDIA_TYPES)


def test_vendored_files_are_the_recorded_ones() -> None:
    present = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    assert present == set(VENDORED)
    assert [name for name in present if sha512((VENDOR / name).read_bytes()) != VENDORED[name]["sha512"]] == []


def test_each_vendored_package_brings_its_licence() -> None:
    for package in MANIFEST_DATA["packages"]:
        assert any(name.startswith("licences/") for name in package["files"]), package["name"]
        assert package["licence"] in {"MIT", "Apache-2.0", "OFL-1.1"}


@pytest.mark.parametrize(
    ("source", "vendored"),
    [
        ('import{h}from"preact";', 'import{h}from"./preact.js";\n'),
        ("import 'preact/hooks'", "import './preact-hooks.js'\n"),
        ('export * from "./near.js"', 'export * from "./near.js"\n'),
        ("// a line from 'upper' edge", "// a line from 'upper' edge\n"),
        ("x;\n//# sourceMappingURL=x.js.map", "x;\n"),
    ],
)
def test_bare_imports_become_relative(source: str, vendored: str) -> None:
    assert make_importable(source, MANIFEST_DATA["imports"]) == vendored


def test_extract_rewrites_modules_only(tmp_path: Path) -> None:
    tarball = tmp_path / "package.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        for name in ("x.mjs", "LICENSE"):
            member = tarfile.TarInfo(f"package/{name}")
            data = b'from "preact"'
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    imports = MANIFEST_DATA["imports"]
    assert extract(tarball, "x.mjs", imports) == b'from "./preact.js"\n'
    assert extract(tarball, "LICENSE", imports) == b'from "preact"'


def test_a_tarball_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """npm itself is replaced by a program that packs something else: the case that the recorded hash is for."""
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho tampered > evil.tgz\necho evil.tgz\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ValueError, match=r"preact@11\.0\.0 has sha512-.* but vendor\.json records 'sha512-other'"):
        fetch("preact", "11.0.0", "sha512-other", tmp_path)
