"""A PostgreSQL of its own for a test: loopback, a free port, a folder that is thrown away; never as root, which it refuses."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import pytest

from tasks.prefect_processes import spare_port

NEEDED = ("initdb", "postgres")


@contextmanager
def postgres():
    """Start one and give ``user:password@host:port``; skip, saying why, where it is not installed."""
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        pytest.skip(f"no PostgreSQL here: {', '.join(missing)} is not on the PATH")
    with tempfile.TemporaryDirectory(prefix="tradewind-pg-") as folder:
        process, address = _started(Path(folder))
        try:
            yield address
        finally:
            process.send_signal(signal.SIGINT)  # its fast way down: SIGTERM waits for every client
            process.wait(30)


def _started(folder):
    owner = {"user": "nobody"} if os.geteuid() == 0 else {}
    if owner:
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    port, data, secret = spare_port(), folder / "data", folder / "secret"
    secret.write_text("sesame")
    secret.chmod(0o644)
    setup = ["initdb", "-D", data, "-U", "tradewind", "-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync"]
    subprocess.run(setup, check=True, capture_output=True, cwd=folder, **owner)
    command = ["postgres", "-D", data, "-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **owner)
    address = f"tradewind:sesame@127.0.0.1:{port}"
    _wait(address)
    return process, address


def _wait(address):
    psycopg2 = pytest.importorskip("psycopg2", reason="the extra `cluster` is not installed")
    for _ in range(200):
        try:
            psycopg2.connect(f"postgresql://{address}/postgres").close()
        except psycopg2.OperationalError:
            sleep(0.1)
        else:
            return
    pytest.fail("PostgreSQL did not answer within 20 s")


def create(address, name):
    """Make an empty database and return its place, ``address/name``."""
    import psycopg2

    connection = psycopg2.connect(f"postgresql://{address}/postgres")
    connection.autocommit = True
    connection.cursor().execute(f'create database "{name}"')
    connection.close()
    return f"{address}/{name}"
