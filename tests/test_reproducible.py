"""The same site, byte for byte: on another day, in another order, with other threads and Pythons."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import FUZZ, Author, Project, block

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.10", "3.11", "3.12", "3.13")

STATIC = """# Static

```tokenheat caption="Norms"
Purple is a colour; tím là một màu, nghiêng, naïve.
```

```tokenheat metric=cosine-previous unit=word colormap=viridis
Purple is a colour; tím là một màu, nghiêng, naïve.
```

```tokenheat metric=cosine-target target=purple
violet, blue and a cat שלום مرحبا 日本語 👩‍👩‍👧
```

```tokenheat metric=length unit=word scale=quantile lang=vi
Tôi nghiêng đầu ngắm hoàng hôn, rồi khuỷu tay chống xuống bàn.
```

```tokenheat view=matrix order=cluster
cat banana dog "hot dog" purple tím violet
```

```tokenheat view=neighbours k=5
purple tím
```

```tokenheat view=distribution
cat dog
```

```tokenheat metric=cosine-previous baseline=shuffle
Purple is a colour; tím là một màu, nghiêng, naïve.
```

```tokenheat scale=vocabulary transform=all-but-the-top
Purple is a colour; tím là một màu, nghiêng, naïve.
```
"""

VARIANTS: dict[str, dict[str, str]] = {
    "one thread in another place": {
        "OMP_NUM_THREADS": "1",
        "RAYON_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "LC_ALL": "C",
        "LANG": "C",
        "TZ": "Pacific/Kiritimati",
        "PYTHONUTF8": "0",
    },
    "two threads and other hashes": {
        "OMP_NUM_THREADS": "2",
        "RAYON_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "2",
        "PYTHONHASHSEED": "42",
        "TOKENIZERS_PARALLELISM": "false",
    },
}
DAY = "1800000000"


def figures(page: str) -> list[str]:
    return re.findall("<figure.*?</figure>", page, re.DOTALL)


def files(folder: Path) -> dict[str, bytes]:
    """A site's files, without its zipped sitemap, which holds a date, and without dates."""
    return {
        path.relative_to(folder).as_posix(): re.sub(
            rb"Build Date UTC : [^\n]*|<lastmod>[^<]*", b"", path.read_bytes()
        )
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".gz"
    }


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Project:
    site = Project(tmp_path_factory.mktemp("reference") / "project")
    site.page(STATIC)
    assert len(figures(site.built())) == 9
    return site


@pytest.mark.parametrize("name", VARIANTS)
def test_a_cold_build_is_the_same_wherever_and_whenever_it_runs(
    reference: Project, project: Project, name: str
) -> None:
    project.page(STATIC)
    done = project.build(**{**VARIANTS[name], "SOURCE_DATE_EPOCH": DAY})
    assert done.returncode == 0, done.stderr
    assert files(project.folder / "site") == files(reference.folder / "site")
    assert files(project.cache) == files(reference.cache)


def test_the_order_of_blocks_and_pages_changes_no_number(author: Author, tmp_path: Path) -> None:
    texts = [f"{'the cat ' * i}sat on {i} mats, tím" for i in range(1, 9)]
    blocks = [block(t, metric=m) for t in texts for m in ("norm", "cosine-previous")]
    forward, backward = Author(tmp_path / "a"), Author(tmp_path / "b")
    right = forward.site().figures(blocks)
    # All in one batch, then each alone, from the last to the first.
    single = [backward.site().figures([each])[0] for each in reversed(blocks)]
    assert single[::-1] == right
    assert files(forward.cache) == files(backward.cache)


def interpreters() -> dict[str, str]:
    """The interpreters that are here, by version."""
    found = {}
    roots = [Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"]
    for version in VERSIONS:
        named = [shutil.which(f"python{version}")]
        named += [str(p) for r in roots for p in sorted(r.glob(f"{version}.*/bin/python"))]
        for path in filter(None, named):
            code = "import sys; print('%d.%d' % sys.version_info[:2])"
            done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
            if done.stdout.strip() == version:
                found[version] = path
    return found


def each_python_builds_the_same_site(project: Project, tmp_path: Path) -> None:
    here = "{}.{}".format(*sys.version_info)
    others = {version: path for version, path in interpreters().items() if version != here}
    assert others or os.environ.get("CI") == "true", "there is no other Python here"
    # The hosts' own versions decide what stands around a figure: only figures are compared.
    project.page(STATIC)
    warm = figures(project.built())
    for version, path in others.items():
        venv = tmp_path / f"venv-{version}"
        subprocess.run([path, "-m", "venv", str(venv)], check=True)
        python = str(venv / "bin" / "python")
        install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", str(ROOT)]
        subprocess.run(install, check=True)
        for cache in ("warm", "cold"):
            site = Project(tmp_path / f"{version}-{cache}")
            site.page(STATIC)
            if cache == "warm":
                shutil.copytree(project.cache, site.cache)
            frozen = str(int(cache == "warm"))
            done = site.run(python, "-m", "mkdocs", "build", TOKENHEAT_FROZEN=frozen, PYTHONPATH="")
            assert done.returncode == 0, done.stderr
            assert figures(site.output()) == warm, f"Python {version}, {cache}"
            assert {p.name: p.read_bytes() for p in site.entries()} == {
                p.name: p.read_bytes() for p in project.entries()
            }, f"Python {version}, {cache}"


if FUZZ:  # An environment for each Python takes minutes.
    test_each_python_builds_the_same_site = each_python_builds_the_same_site
