"""A place for files: a folder of this machine, or a prefix in an object store such as ``s3://bucket/prefix``.

Object stores are reached with the environment that all their tools read: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
and AWS_ENDPOINT_URL for a store that is not Amazon's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import ConfigError


class Place:
    """Files under one address, each named relative to it.

    Raises
    ------
    ConfigError
        When nobody can make sense of the address, or what it names cannot be reached; in one line, without a key.
    """

    def __init__(self, address: str) -> None:
        from pyarrow import fs  # noqa: PLC0415 - a tenth of a second, for who asks

        self.address = address.rstrip("/")
        known = self.address if "://" in address else str(Path(self.address).expanduser().resolve())
        with self._reaching():
            self._system, self._root = fs.FileSystem.from_uri(known)
        self._is_folder = isinstance(self._system, fs.LocalFileSystem)
        self._everything = fs.FileSelector(self._root, recursive=True, allow_not_found=True)

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None when there is no such file."""
        with self._reaching():
            try:
                with self._system.open_input_file(self._path(name)) as file:
                    return bytes(file.read())
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file; whoever reads it meanwhile sees the old one or the new one."""
        path = self._path(name)
        with self._reaching():
            if not self._is_folder:  # an object appears when it is whole
                self._put(path, content)
                return
            self._system.create_dir(path.rpartition("/")[0], recursive=True)
            self._put(f"{path}.new", content)
            self._system.move(f"{path}.new", path)

    def names(self) -> tuple[str, ...]:
        """Return the names of all files, sorted."""
        with self._reaching():
            found: list[Any] = self._system.get_file_info(self._everything)
        return tuple(sorted(info.path.removeprefix(f"{self._root}/") for info in found if info.is_file))

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._reaching():
            self._system.delete_file(self._path(name))

    def _put(self, path: str, content: bytes) -> None:
        with self._system.open_output_stream(path) as stream:
            stream.write(content)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # pyarrow's own errors are among these
            said = str(error).splitlines()[0]
            raise ConfigError(f"{self.address}: {said}; check the address, and AWS_* in the environment") from error
