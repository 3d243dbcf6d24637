"""What an answer is looked up in: the estate, all that is declared for it, and the ends that a question means."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from ipaddress import ip_network
from typing import NamedTuple

from components.estate.estate import Agency, Estate
from components.estate.profile import EnvironmentName
from components.manifests.gateway import GATEWAY_API
from components.manifests.login import ENVOY_API
from components.manifests.manifest import APP_LABEL, Manifest
from policies.explanation.party import Kind, Party, apps_in, platform_peers
from policies.reachability.endpoint import Endpoint, Network, Outside, Pod
from policies.reachability.world import World

_KINDS = frozenset({"Namespace", "NetworkPolicy"})


class End(NamedTuple):
    """One end of a connection: pods or addresses, and whose they are.

    Attributes:
        agency: Whose; None of addresses and of the platform's pods.
        app: The app; of the platform's pods, the name by which they are asked about.
    """

    endpoint: Endpoint
    agency: Agency | None
    app: str

    @property
    def namespace(self) -> str:
        """Where it is; empty of addresses."""
        return self.endpoint.namespace if isinstance(self.endpoint, Pod) else ""

    def __str__(self) -> str:
        """Return it as people write it: `irica-production/declaration`, `10.30.32.5`."""
        if isinstance(self.endpoint, Outside):
            network = self.endpoint.network
            return str(network.network_address if network.num_addresses == 1 else network)
        return f"{self.endpoint.namespace}/{self.app}"


class Scene:
    """The estate and all that is declared for it.

    Args:
        declared: The objects, by owner; whoever is missing is not known.
    """

    def __init__(self, estate: Estate, declared: Mapping[str, Iterable[Manifest]]) -> None:
        """Keep both."""
        self.estate = estate
        self.declared = {owner: tuple(objects) for owner, objects in declared.items()}

    @cached_property
    def objects(self) -> tuple[Manifest, ...]:
        """The objects of all owners."""
        return tuple(body for objects in self.declared.values() for body in objects)

    @cached_property
    def policies(self) -> tuple[Manifest, ...]:
        """Those of them that decide about connections of pods."""
        return tuple(body for body in self.objects if body["kind"] in _KINDS)

    @cached_property
    def world(self) -> World:
        """The same, as the evaluator reads them."""
        return World(self.policies)

    @cached_property
    def routes(self) -> tuple[Manifest, ...]:
        """The exchange's routes and the policies on them; nothing without an exchange."""
        chosen = self.estate.platform.spec.exchange
        return tuple(
            body
            for body in self.objects
            if chosen is not None
            and body["metadata"].get("namespace") == chosen.namespace
            and str(body["apiVersion"]).partition("/")[0] in (GATEWAY_API, ENVOY_API)
        )

    @cached_property
    def _apps(self) -> Mapping[str, tuple[Pod, ...]]:
        return apps_in(self.estate)

    @cached_property
    def _pod_addresses(self) -> tuple[Network, ...]:
        return tuple(ip_network(block) for block in self.estate.platform.spec.networks.pods)

    def app(self, agency: Agency, namespace: str, name: str) -> End:
        """Return the pods of an app."""
        pod = Pod(namespace=namespace, labels={APP_LABEL: name}, addresses=self._pod_addresses, name=name)
        return End(pod, agency, name)

    def platforms(self, name: str) -> End:
        """Return pods of the platform, one of `platform_peers`."""
        peer, _ = platform_peers(self.estate.platform)[name]
        pod = Pod(namespace=peer.namespace, labels=peer.pod_labels, addresses=self._pod_addresses, name=name)
        return End(pod, None, name)

    def ends(self, party: Party) -> tuple[End, ...]:
        """Return what a party means: of a whole agency all apps in production, or in all it has where it has none."""
        if party.network is not None:
            return (End(Outside(network=party.network), None, ""),)
        if party.kind is Kind.PLATFORM:
            return (self.platforms(party.name),)
        agency = self.estate.agency(party.agency)
        if agency is None:
            return ()
        if party.namespace:
            return (self.app(agency, party.namespace, party.app),)
        environments = agency.profile.spec.environments
        chosen = [one for one in environments if one.name is EnvironmentName.PRODUCTION] or environments
        spaces = [agency.profile.namespace(one) for one in chosen]
        return tuple(self.app(agency, space, pod.name) for space in spaces for pod in self._apps.get(space, ()))
