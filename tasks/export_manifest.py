"""The manifest of an export: which files it consists of, what is in each, and the hash each must have."""

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import ConfigError
from tasks.places import Place

MANIFEST = "manifest.json"


class Kept(BaseModel):
    """A part as the manifest describes it: which rows, in which file, with which hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    venue: str
    timeframe: str
    symbol: str
    year: int
    rows: int
    mark: str
    file: str
    sha256: str

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What names the part, whatever is in it."""
        return self.table, self.venue, self.timeframe, self.symbol, self.year


class Manifest(BaseModel):
    """What an export consists of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    parts: tuple[Kept, ...] = ()


def read_manifest(place: Place) -> Manifest:
    """Return the manifest of an export; an empty one where there is none.

    Raises
    ------
    ConfigError
        When the file of that name is something else, or of a newer format.
    """
    if (content := place.read(MANIFEST)) is None:
        return Manifest()
    try:
        found = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise ConfigError(f"{place.address}/{MANIFEST}: not an export's manifest; choose another place") from error
    if found.format != 1:
        raise ConfigError(f"{place.address}: an export of format {found.format}, this Tradewind knows 1; use a newer one")
    return found
