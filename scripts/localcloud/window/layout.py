"""Where the window's files lie on the host, and which addresses and ports it has inside its own network."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

NETWORK = "10.244.0.1/16"  # where pods would live; gateways refuse endpoints and issuers on loopback addresses
LOGIN_ADDRESS = "10.244.0.2"
BACKEND_PORT = 8088  # not 8080: Envoy Gateway takes that
# What listens inside on 127.0.0.1, under the name of the port on the host that leads to it.
INSIDE = {
    "window-https": 443,
    "window-http": 80,
    "keycloak": 8443,
    "keycloak-health": 9000,
    "envoy-gateway": 8081,  # its health
    "sample-backends": BACKEND_PORT,
    "exchange": 8444,  # as the example platform says; 443 is the windows', and Envoy Gateway takes 9443
}
# All of these ports are listened on by the network's own program, which passes connections in.
PORTS = dict.fromkeys(("window-network", *INSIDE), "window-network")
# In the order in which they start. Envoy is Envoy Gateway's to start.
NAMES = ("window-network", "sample-backends", "keycloak", "envoy-gateway", "envoy")
ENVOY_PORT = "window-https"  # shown as Envoy's own
CONTROLLER_NAMESPACE = "envoy-gateway-system"  # of Envoy Gateway itself
ISSUER = "https://login.gov.test/realms/government"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The files of one window, inside the directory of its cluster; `issuer` is the national login's."""

    cluster: Path
    issuer: str = ISSUER

    @property
    def directory(self) -> Path:
        """All but the certificates and the logs."""
        return self.cluster / "window"

    @property
    def pki(self) -> Path:
        """Authorities of its own: what a browser trusts must not open the API server."""
        return self.cluster / "pki" / "window"

    @property
    def ca(self) -> Path:
        """What a browser has to trust."""
        return self.pki / "window-ca.crt"

    @property
    def root(self) -> Path:
        """Where those inside find the root of their file system."""
        return self.directory / "root"

    @property
    def gateway(self) -> Path:
        """Envoy Gateway's configuration and state."""
        return self.directory / "gateway"

    @property
    def keycloak(self) -> Path:
        """Keycloak's configuration and data."""
        return self.directory / "keycloak"

    @property
    def admin(self) -> Path:
        """Keycloak's administrator: user name and password, for the owner's eyes only."""
        return self.keycloak / "admin.json"

    @property
    def backends(self) -> Path:
        """Which service each address of the sample backends stands for."""
        return self.directory / "backends.json"

    @property
    def pages(self) -> Path:
        """Files that sample backends serve, below namespace and application; beside the table that they read."""
        return self.backends.parent / "pages"

    @property
    def record(self) -> Path:
        """What the last `up` could have and what not."""
        return self.directory / "window.json"

    @property
    def asked(self) -> Path:
        """There while Envoy Gateway wants an Envoy."""
        return self.gateway / "envoy-wanted"

    @property
    def login_host(self) -> str:
        """The national login's host name."""
        return urlsplit(self.issuer).hostname or ""

    @property
    def realm(self) -> str:
        """The realm whose issuer it is."""
        return self.issuer.rpartition("/")[2]

    def log(self, name: str) -> Path:
        """Return where the program logs to."""
        return self.cluster / "logs" / f"{name}.log"
