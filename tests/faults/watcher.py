"""Looks, all the while, whether anybody is let into a namespace that is not shut."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from components.manifests.kinds import DEFAULT_DENY
from tests.live_cluster import Cluster

_RBAC = "/apis/rbac.authorization.k8s.io/v1/rolebindings?labelSelector=govcloud.internal/agency"
_POLICIES = f"/apis/networking.k8s.io/v1/networkpolicies?fieldSelector=metadata.name={DEFAULT_DENY}"


class Watcher:
    """What was seen.

    Attributes:
        open_namespaces: Those with a RoleBinding and without default-deny.
        looks: How often the cluster could be looked at.
        sightings: At how many of those there was a RoleBinding.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._done = threading.Event()
        self.open_namespaces: set[str] = set()
        self.looks = 0
        self.sightings = 0

    def look(self) -> bool:
        """Look once; tell whether that was possible."""
        try:
            code, bindings = self._cluster.request("GET", _RBAC)
            if code != 200:
                return False
            # Of one revision of the store: two lists of different moments could hide a wrong order.
            revision = bindings["metadata"]["resourceVersion"]
            exactly = f"&resourceVersionMatch=Exact&resourceVersion={revision}"
            code, policies = self._cluster.request("GET", _POLICIES + exactly)
        except (OSError, http.client.HTTPException, ValueError):
            return False
        if code != 200:
            return False
        entered = {item["metadata"]["namespace"] for item in bindings["items"]}
        self.open_namespaces |= entered - {item["metadata"]["namespace"] for item in policies["items"]}
        self.looks += 1
        self.sightings += bool(entered)
        return True

    def run(self) -> None:
        while not self._done.is_set():
            if not self.look():
                time.sleep(0.05)

    def stop(self) -> None:
        self._done.set()


@contextmanager
def watching(cluster: Cluster) -> Iterator[Watcher]:
    watcher = Watcher(cluster)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        yield watcher
    finally:
        watcher.stop()
        thread.join()
    assert watcher.look()
