"""The project: the folder with `prefect.yaml`, and what that file says."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from core.errors import ConfigError

FILE = "prefect.yaml"


def project_root() -> Path:
    """Return the folder of `prefect.yaml`: beside the installed code, else the working directory.

    Raises
    ------
    ConfigError
        When it is in neither.
    """
    places = (_code_folder(), Path.cwd())
    for place in places:
        if (place / FILE).is_file():
            return place
    raise ConfigError(f"no {FILE} in {' or '.join(map(str, dict.fromkeys(places)))}: run this in Tradewind's own folder")


def declared_deployments(root: Path) -> tuple[dict[str, Any], ...]:
    """Return the deployments that `prefect.yaml` declares, as written.

    Raises
    ------
    ConfigError
        When the file is not YAML, or holds no deployments.
    """
    try:
        read = yaml.safe_load((root / FILE).read_text())
    except yaml.YAMLError as error:
        raise ConfigError(f"{root / FILE}: not valid YAML: {error}") from error
    declared = read.get("deployments") if isinstance(read, dict) else None
    if not declared:
        raise ConfigError(f"{root / FILE}: no deployments in it; restore the file that came with Tradewind")
    return tuple(declared)


def declared_pools(root: Path) -> tuple[str, ...]:
    """Return the names of the work pools that the deployments use, each once, sorted."""
    return tuple(sorted({deployment["work_pool"]["name"] for deployment in declared_deployments(root)}))


def _code_folder() -> Path:
    spec = find_spec("tasks")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]).resolve().parent
