"""The national login: Keycloak's own folder, its settings and its component."""

import json
import secrets
import shutil
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

import msgspec

from scripts.localcloud.files import make_private, write_private
from scripts.localcloud.process import Component
from scripts.localcloud.window import keycloak
from scripts.localcloud.window.layout import INSIDE, Layout
from scripts.localcloud.window.supplies import Login

READY_SECONDS = 300.0  # its first start makes a database, on a busy machine in minutes
PROBE_SECONDS = 2.0
SHARED = ("lib", "providers", "themes", "version.txt")  # with all clouds of this user; the rest is this one's own


class Administrator(msgspec.Struct, frozen=True, kw_only=True):
    """Who may change realms."""

    username: str
    password: str


def administrator(layout: Layout) -> Administrator:
    """Read who it is.

    Raises:
        FileNotFoundError: There never was a login here.
    """
    return msgspec.json.decode(layout.admin.read_bytes(), type=Administrator)


def component(
    layout: Layout, supply: Login, ports: Mapping[str, int], enter: tuple[str, ...], digest: str
) -> Component:
    """Lay Keycloak's folder out and return what runs it; `enter` is what brings it into the network."""
    settings = _settings(layout)
    _lay_out(layout.keycloak, supply.distribution, settings)
    command = keycloak.command(supply.java, layout.keycloak, ("start", "--optimized"))
    argv = (*enter, "--", *command)
    return Component(
        name="keycloak",
        argv=argv,
        ports=(ports["keycloak"],),
        is_ready=probe(ports["keycloak-health"], "/health/ready"),
        log=layout.log("keycloak"),
        fingerprint=sha256("\0".join((*argv, settings, digest)).encode()).hexdigest(),
        ready_seconds=READY_SECONDS,
    )


def probe(port: int, path: str) -> Callable[[], bool]:
    """Return a function that tells whether this port answers with success."""

    def is_ready() -> bool:
        with suppress(OSError, ValueError):
            url = f"http://127.0.0.1:{port}{path}"
            with urllib.request.urlopen(url, timeout=PROBE_SECONDS) as answer:
                return bool(answer.status == HTTPStatus.OK)
        return False

    return is_ready


def _settings(layout: Layout) -> str:
    if not layout.admin.exists():
        # Whoever administered the old database is not known any more; realms are imported again.
        shutil.rmtree(layout.keycloak / "data", ignore_errors=True)
        make_private(layout.keycloak)
        fresh = {"username": "admin", "password": secrets.token_urlsafe(24)}
        write_private(layout.admin, json.dumps(fresh).encode())
    admin = administrator(layout)
    # The authority goes with it: a browser started for this window knows it by that.
    chain = layout.keycloak / "chain.pem"
    write_private(chain, (layout.pki / "login.crt").read_bytes() + layout.ca.read_bytes())
    database = layout.keycloak / "data" / "h2" / "keycloak"
    values = {
        "db-url": f"jdbc:h2:file:{database};NON_KEYWORDS=VALUE;AUTO_SERVER=FALSE",
        "cache": "local",
        "hostname": f"https://{layout.login_host}",
        "http-enabled": "false",
        "http-host": "127.0.0.1",
        "https-port": INSIDE["keycloak"],
        "https-certificate-file": chain,
        "https-certificate-key-file": layout.pki / "login.key",
        "http-management-scheme": "http",
        "http-management-port": INSIDE["keycloak-health"],
        "health-enabled": "true",
        "log-level": "info,io.smallrye.health:off",  # it is asked often while it starts
        "bootstrap-admin-username": admin.username,
        "bootstrap-admin-password": admin.password,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _lay_out(home: Path, distribution: Path, settings: str) -> None:
    make_private(home)
    make_private(home / "conf")
    for name in SHARED:
        link = home / name
        if not link.is_symlink() or link.readlink() != distribution / name:
            link.unlink(missing_ok=True)
            link.symlink_to(distribution / name)
    write_private(home / "conf" / "keycloak.conf", settings.encode())
