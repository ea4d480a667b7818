"""Which code this is: a hash of the sources, so that evidence and caches belong to what produced them."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def core_version() -> str:
    """Return 12 hex digits of the sha256 over every file of ``core/``."""
    spec = find_spec("core")
    assert spec is not None
    assert spec.submodule_search_locations
    root = Path(spec.submodule_search_locations[0])
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
