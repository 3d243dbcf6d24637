"""Realms of the embedded national login, through Keycloak's own interface for administrators."""

import http.client
import json
import ssl
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import msgspec

from scripts.localcloud.errors import StartError
from scripts.localcloud.window.layout import Layout
from scripts.localcloud.window.login import administrator
from scripts.localcloud.window.reach import LOOPBACK, connected

TIMEOUT_SECONDS = 120.0  # a realm of 150 agencies is a long transaction
DIGEST = "govcloud.digest"
OK, CREATED, NO_CONTENT, NOT_FOUND = 200, 201, 204, 404


class Realms:
    """The realms of one Keycloak."""

    def __init__(self, layout: Layout, port: int) -> None:
        """Remember where it listens."""
        self._layout = layout
        self._port = port
        self._context = ssl.create_default_context(cafile=layout.ca)

    def put(self, realm: Mapping[str, Any]) -> bool:
        """Make the realm exactly this one; tell whether it was not before.

        A realm that differs is replaced whole, so what is not declared any more is gone; its sessions end.

        Raises:
            StartError: Keycloak refused it.
        """
        name = realm["realm"]
        digest = sha256(json.dumps(realm, sort_keys=True).encode()).hexdigest()
        body = {**realm, "attributes": {**realm.get("attributes", {}), DIGEST: digest}}
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json"}
        status, answer = self._send("GET", f"/admin/realms/{name}", b"", headers)
        if status == OK and msgspec.json.decode(answer).get("attributes", {}).get(DIGEST) == digest:
            return False
        if status == OK:
            self._must("DELETE", f"/admin/realms/{name}", b"", headers, NO_CONTENT)
        self._must("POST", "/admin/realms", json.dumps(body).encode(), headers, CREATED)
        return True

    def _token(self) -> str:
        admin = administrator(self._layout)
        form = {"grant_type": "password", "client_id": "admin-cli",
                "username": admin.username, "password": admin.password}  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        path = "/realms/master/protocol/openid-connect/token"
        answer = self._must("POST", path, urlencode(form).encode(), headers, OK)
        return str(msgspec.json.decode(answer)["access_token"])

    def _must(self, method: str, path: str, body: bytes, headers: Mapping[str, str], wanted: int) -> bytes:
        status, answer = self._send(method, path, body, headers)
        if status != wanted:
            text = answer.decode(errors="replace")[:400]
            raise StartError(
                f"Keycloak refused {method} {path} with {status}: {text}. Log: {self._layout.log('keycloak')}"
            )
        return answer

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        address = (LOOPBACK, self._port)
        try:
            with connected(self._layout.login_host, address, self._context, TIMEOUT_SECONDS) as connection:
                connection.request(method, path, body, dict(headers))
                response = connection.getresponse()
                return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise StartError(f"Keycloak does not answer: {error}. Log: {self._layout.log('keycloak')}") from error
