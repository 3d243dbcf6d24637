"""Requests to a cluster: credentials, TLS, retries, time limits, and what to say when there is no answer.

The only module that talks to the `kubernetes` package. It never looks for a kubeconfig by itself.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import urllib3
import yaml
from urllib3.exceptions import HTTPError, MaxRetryError, NameResolutionError, ProxyError, ResponseError, SSLError

from scripts.cluster.answer import Answer, texts
from scripts.cluster.errors import CredentialsError, ForbiddenError, KubeconfigError, UnreachableError

if TYPE_CHECKING:
    from types import TracebackType

    from kubernetes.client import ApiClient
    from urllib3.connectionpool import ConnectionPool

THREADS: Final = 8
MANAGER: Final = "govcloud"
APPLY: Final = "application/apply-patch+yaml"  # JSON is YAML
HEADS: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
HEAD: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

_LOOPBACK: Final = "127.0.0.1,localhost,::1"
_TIMEOUT: Final = urllib3.Timeout(connect=5, read=35)  # an API server gives up on a write after 34 s
_OBJECTS_FAULT: Final = re.compile(rb'"message": ?"failed to (create typed|convert)')


class _Retry(urllib3.Retry):
    """Tries again unless a 500 is about the object: server-side apply says so of a field that no schema has."""

    def increment(  # type: ignore[override]
        self,
        method: str | None = None,
        url: str | None = None,
        response: urllib3.BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: "ConnectionPool | None" = None,
        _stacktrace: "TracebackType | None" = None,
    ) -> urllib3.Retry:
        if response is not None and _OBJECTS_FAULT.search(response.data):
            raise MaxRetryError(_pool, url or "", ResponseError("the object's fault"))  # type: ignore[arg-type]
        return super().increment(method, url, response, error, _pool, _stacktrace)


PATIENT: Final = _Retry(
    total=10,  # 26 s of backoff: a control plane restarts in less
    other=2,  # TLS: a lost connection looks like it, and so does a wrong certificate
    allowed_methods=None,  # all: each of our writes may be repeated
    status_forcelist=(429, 500, 502, 503, 504),
    backoff_factor=0.2,
    backoff_max=5,
    backoff_jitter=0.2,
    retry_after_max=30,
    raise_on_status=False,
)
IMPATIENT: Final = PATIENT.new(total=2)
"""Retries of requests that somebody waits for, or that come again by themselves."""

_OVERLOADED: Final = (429, 502, 503, 504)


class Connection:
    """A cluster, as one user of it; may be used by several threads."""

    def __init__(self, client: "ApiClient", source: str, retry: urllib3.Retry) -> None:
        """Take a client of the `kubernetes` package, where its credentials came from, and how to try again."""
        self._retry = retry
        self._client = client
        self._pool = client.rest_client.pool_manager
        self._source = source
        self.server: str = client.configuration.host
        """Address of the API server."""

    def request(  # noqa: PLR0913 - what HTTP has
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content: str = "application/json",
        accept: str = "application/json",
        retry: urllib3.Retry | None = None,
    ) -> Answer:
        """Send a request, again where Kubernetes says that it may be sent again; return the answer, good or bad.

        Raises:
            UnreachableError: There is no answer, or only that the server cannot serve.
            CredentialsError: The cluster does not know us.
        """
        headers = {"Accept": accept, "User-Agent": MANAGER}
        if body is not None:
            headers["Content-Type"] = content
        self._client.update_params_for_auth(headers, [], ["BearerToken"], path, method, None)
        policy = retry or self._retry
        url = f"{self.server}{path}?{urlencode(query)}" if query else f"{self.server}{path}"
        try:
            response = self._pool.request(
                method, url, body=body, headers=headers, timeout=_TIMEOUT, retries=policy, redirect=False
            )
        except (HTTPError, OSError) as error:
            raise UnreachableError(self._no_answer(error, policy)) from error
        answer = Answer(
            status=response.status,
            body=response.data,
            warnings=texts(response.headers.getlist("Warning")),
            tries=1 + len(response.retries.history if response.retries else ()),
        )
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise CredentialsError(
                f"{self.server} does not accept the credentials of {self._source}: they expired or are not for this "
                "cluster. Renew them, or name another context by --context."
            )
        if answer.status in _OVERLOADED:
            raise UnreachableError(
                f"{self.server} cannot serve: it answered {answer.status} ({answer.refusal().message}) to "
                f"{answer.tries} tries. Look at its health; the next run continues where this one stopped."
            )
        return answer

    def get(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        accept: str = "application/json",
        retry: urllib3.Retry | None = None,
    ) -> Answer:
        """Read; return the answer, which is good or that there is nothing.

        Raises:
            ForbiddenError: We may not read this.
            UnreachableError: There is no good answer.
        """
        answer = self.request("GET", path, query=query, accept=accept, retry=retry)
        if answer.status == HTTPStatus.FORBIDDEN:
            raise ForbiddenError(
                f"{self.server} forbids what govcloud needs: {answer.refusal().message}. "
                f"Grant it, or use other credentials than those of {self._source}."
            )
        if answer.status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            raise UnreachableError(
                f"{self.server} answered {answer.status} ({answer.refusal().message}) to {answer.tries} tries "
                f"of GET {path}."
            )
        return answer

    def greet(self) -> None:
        """Find out soon, not after all retries, whether anybody is there.

        Raises:
            ClusterError: Nobody is, or it does not know us.
        """
        answer = self.request("GET", "/version", retry=IMPATIENT)
        if answer.status == HTTPStatus.OK:
            answer.read(dict[str, str | bool])

    def _no_answer(self, error: Exception, policy: urllib3.Retry) -> str:
        """The one place that turns what the network stack raises into words."""
        reason = error.reason if isinstance(error, MaxRetryError) and error.reason else error
        tries = 1 + int((policy.other if isinstance(reason, SSLError) else policy.total) or 0)
        detail = f"({_last(reason)}; {tries} tries)" if isinstance(error, MaxRetryError) else f"({_last(reason)})"
        if isinstance(reason, SSLError):
            what, remedy = f"cannot be trusted or does not speak TLS {detail}", "Check the authority and the address"
        elif isinstance(reason, NameResolutionError):
            what, remedy = f"has a name that cannot be resolved {detail}", "Check the address"
        elif isinstance(reason, ProxyError):
            what, remedy = (
                f"cannot be reached through the proxy {detail}",
                "Check HTTPS_PROXY, NO_PROXY and the address",
            )
        else:
            what, remedy = f"does not answer {detail}", "Check that it runs and can be reached, and the address"
        return f"{self.server} {what}. {remedy} in {self._source}."


def connect(kubeconfig: Path, context: str | None = None, retry: urllib3.Retry = PATIENT) -> Connection:
    """Return a connection to the cluster that a kubeconfig names, and the user that it names.

    Raises:
        ClusterError: There is no such cluster, or it does not answer or does not know us.
    """
    from kubernetes import client, config  # noqa: PLC0415 - 0.8 s that only those pay who talk to a cluster

    if not kubeconfig.is_file():
        raise KubeconfigError(f"There is no kubeconfig at {kubeconfig}.")
    configuration = client.Configuration()
    configuration.connection_pool_maxsize = THREADS + 1  # one for the lease
    configuration.no_proxy = f"{configuration.no_proxy},{_LOOPBACK}" if configuration.no_proxy else _LOOPBACK
    try:
        api = config.new_client_from_config(  # type: ignore[no-untyped-call]
            str(kubeconfig), context, persist_config=False, client_configuration=configuration
        )
    except (config.ConfigException, yaml.YAMLError, OSError, ValueError, TypeError, AttributeError) as error:
        raise KubeconfigError(f"The kubeconfig {kubeconfig} cannot be used: {_line(error)}") from error
    connection = Connection(api, f"{kubeconfig} (context {context})" if context else str(kubeconfig), retry)
    connection.greet()
    return connection


def _last(error: BaseException) -> str:
    """Return the innermost reason, without the connection's address in memory."""
    return _line(error).rpartition("object at 0x")[2].partition(">: ")[2] or _line(error)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
