"""A warm build stays light: what scores a text is not even imported."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.vocabularies import MINILM

HEAVY = {
    "numpy",
    "regex",
    "safetensors",
    "scipy",
    "tokenizers",
    "torch",
    "transformers",
    "wordllama",
}

PAGE = """
```tokenheat metric=norm caption="Words & more"
Purple is a colour; tím là một màu.
```

```tokenheat metric=cosine-target target=purple unit=word lang=vi
Purple is a colour; tím là một màu.
```

```tokenheat metric=length scale=quantile colormap=viridis
---
tokens: [a, " cat"]
---
a cat
```

```tokenheat metric=values unit=word values=data.json
nghie\u0302ng \U0001f469\u200d\U0001f467
```

```tokenheat view=neighbours numbers=true
cat dog
```

```tokenheat view=distribution
cat dog
```

```tokenheat metric=values unit=word values=data.npy
a cat
```

```tokenheat metric=cosine-previous baseline=shuffle
Purple is a colour; tím là một màu.
```

```tokenheat metric=norm scale=vocabulary transform=center
Purple is a colour; tím là một màu.
```

```tokenheat view=matrix order=cluster
cat dog "New York"
```

```tokenheat view=compare model=[wordllama,minilm] metric=norm
Purple is a colour; tím là một màu.
```
"""
BLOCKS, ENTRIES = 11, 15

BUILD = """
import json, sys
from mkdocs.commands.build import build
from mkdocs.config import load_config
config = load_config("mkdocs.yml")
config.plugins.on_startup(command="build", dirty=False)
build(config)
print(json.dumps(sorted(sys.modules)))
"""

CONVERT = """
import json, sys
from pathlib import Path
from markdown import markdown
html = markdown(Path("docs/index.md").read_text("utf-8"), extensions=["tokenheat"],
    extension_configs={"tokenheat": {"base_path": "docs", "models": {"minilm": sys.argv[1]}}})
assert html.count("<figure") == int(sys.argv[2])
print(json.dumps(sorted(sys.modules)))
"""

IDENTIFY = """
import json, sys, threading
from pathlib import Path
from mkdocs_tokenheat.models.identity import identify
identify(sys.argv[1], Path(), Path("cache"), frozen=sys.argv[2] == "True")
assert threading.active_count() == 1
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("script", [BUILD, CONVERT], ids=["MkDocs", "Python-Markdown"])
def test_a_warm_build_imports_nothing_that_scores(project: Project, script: str) -> None:
    numbers(project.folder / "docs")
    project.configure(plugins=f"[search, {{tokenheat: {{models: {{minilm: '{MINILM}'}}}}}}]")
    project.page(PAGE)
    cold, warm = imported(project, script), imported(project, script)
    assert {"numpy", "tokenizers", "safetensors", "regex", "scipy"} <= cold
    assert warm & HEAVY == set()
    # Elsewhere, what this machine noted of the models' files is not there.
    shutil.rmtree(project.cache / "local")
    assert imported(project, script) & HEAVY == set()
    assert len(project.entries()) == ENTRIES


def test_the_package_itself_imports_nothing() -> None:
    script = "import json, sys, mkdocs_tokenheat; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert {*json.loads(done.stdout)} & {*HEAVY, "mkdocs", "markdown", "yaml"} == set()


@pytest.mark.parametrize("frozen", [False, True])
def test_who_a_model_is_leaves_nothing_running(project: Project, *, frozen: bool) -> None:
    # A thread that still imports when Python ends takes the whole process down.
    heavy = imported(project, IDENTIFY, str(frozen)) & HEAVY
    assert bool(heavy) != frozen


@pytest.mark.parametrize("chosen", [None, "20"])
def test_what_scores_is_imported_without_a_trace_in_the_environment(chosen: str | None) -> None:
    script = (
        "import os, sys; from mkdocs_tokenheat.models.idle import import_numpy; "
        "before = dict(os.environ); import_numpy(); "
        "assert 'numpy' in sys.modules and dict(os.environ) == before"
    )
    name = "OPENBLAS_THREAD_TIMEOUT"
    environment = {key: value for key, value in os.environ.items() if key != name}
    environment |= {name: chosen} if chosen else {}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def imported(project: Project, script: str, argument: str = str(BLOCKS)) -> set[str]:
    """The top-level modules that a fresh process has once it has run the script."""
    done = project.run(sys.executable, "-c", script, MINILM, argument)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def numbers(folder: Path) -> None:
    import numpy as np

    (folder / "data.json").write_text("[1, 2]", encoding="utf-8")
    np.save(folder / "data.npy", np.array([1.0, 2.0]))
