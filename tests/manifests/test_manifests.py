"""What holds for every manifest of every example agency: the promises of isolation, and what the API server wants."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from kubernetes.utils import quantity

from components.estate import loader
from components.estate.document import parse
from components.estate.estate import Agency, Estate
from components.estate.flows import Flow, flows, is_open
from components.manifests import build
from components.manifests.access import BREAK_GLASS
from components.manifests.kinds import DEFAULT_DENY, KINDS
from components.manifests.manifest import Manifest, identity
from scripts.localcloud import binaries, crds
from scripts.localcloud.errors import ToolchainError, UnreachableError
from scripts.localcloud.files import silent
from scripts.report.manifests import dump, files
from stacks.declaration import Declaration, declaration, declarations
from tests.estate.expectation import DEFAULT_PLATFORM, PROFILES, make_root
from tests.manifests.conftest import load

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")  # RFC 1123, at most 63
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")  # RFC 1123, at most 253
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
METADATA_NAME = "kubernetes.io/metadata.name"
EXCHANGE = "govcloud-exchange"


def amount(text: str) -> Decimal:
    """Return what a quantity means to Kubernetes' own client; fail where it means nothing."""
    return Decimal(quantity.parse_quantity(text))  # type: ignore[no-untyped-call]


def every(declared: tuple[Declaration, ...]) -> Iterator[Manifest]:
    for one in declared:
        yield from one.manifests


def of_kind(declared: tuple[Declaration, ...], kind: str) -> list[Manifest]:
    found = [manifest for manifest in every(declared) if manifest["kind"] == kind]
    assert found, f"no {kind} at all"
    return found


def namespaces(manifests: tuple[Manifest, ...]) -> list[str]:
    return [manifest["metadata"]["name"] for manifest in manifests if manifest["kind"] == "Namespace"]


# Isolation


def test_every_namespace_is_shut_in_both_directions_before_anything_else_is_in_it(
    declared: tuple[Declaration, ...],
) -> None:
    for one in declared:
        for namespace in namespaces(one.manifests):
            inside = [m for m in one.manifests if m["metadata"].get("namespace") == namespace]
            assert inside[0]["metadata"]["name"] == DEFAULT_DENY, namespace
            assert inside[0]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
            made = [identity(manifest) for manifest in one.manifests]
            assert made.index(("v1", "Namespace", "", namespace)) < made.index(identity(inside[0]))


def test_no_policy_but_the_default_selects_all_pods_except_for_dns_and_monitoring(
    declared: tuple[Declaration, ...],
) -> None:
    for policy in of_kind(declared, "NetworkPolicy"):
        if not policy["spec"]["podSelector"]:
            assert policy["metadata"]["name"] in {DEFAULT_DENY, "allow-dns", "allow-from-monitoring"}


def rules(policy: Manifest) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for rule in policy["spec"].get(direction, []):
            yield side, rule


def test_every_rule_names_its_peers_and_its_ports(declared: tuple[Declaration, ...]) -> None:
    for policy in of_kind(declared, "NetworkPolicy"):
        name = policy["metadata"]["name"]
        for side, rule in rules(policy):
            assert rule.keys() == {side, "ports"}, name
            assert rule[side], name
            assert rule["ports"], name
            for peer in rule[side]:
                assert_peer(peer, is_door=name == "allow-clients")
            for port in rule["ports"]:
                assert port.keys() == {"protocol", "port"}, name
                assert port["protocol"] in {"TCP", "UDP", "SCTP"}
                assert 1 <= port["port"] <= 65535


def assert_peer(peer: Mapping[str, Any], *, is_door: bool) -> None:
    """Nothing is open to every address but the windows themselves."""
    if "ipBlock" in peer:
        assert peer.keys() == {"ipBlock"}
        assert is_door or ip_network(peer["ipBlock"]["cidr"]).prefixlen > 0
        return
    assert peer.keys() == {"namespaceSelector", "podSelector"}  # one peer with both: AND, not OR
    assert peer["namespaceSelector"]["matchLabels"].keys() == {METADATA_NAME}
    assert peer["namespaceSelector"].keys() == peer["podSelector"].keys() == {"matchLabels"}
    assert peer["podSelector"]["matchLabels"]


def test_what_a_policy_opens_is_what_its_types_say(declared: tuple[Declaration, ...]) -> None:
    for policy in of_kind(declared, "NetworkPolicy"):
        opened = {direction.title() for direction in ("ingress", "egress") if direction in policy["spec"]}
        assert opened == set(policy["spec"]["policyTypes"]) or policy["metadata"]["name"] == DEFAULT_DENY


def opened(estate: Estate, *, direct: bool) -> list[Flow]:
    return [flow for flow in flows(estate) if is_open(estate, flow) and flow.is_direct is direct]


def test_only_an_open_direct_flow_leads_from_tenant_to_tenant_and_by_both_halves(
    declared: tuple[Declaration, ...], estate: Estate
) -> None:
    tenants = {namespace: one.owner for one in declared[1:] for namespace in namespaces(one.manifests)}
    ways = [
        (one.owner, policy["metadata"]["namespace"], policy["spec"]["podSelector"], side, rule["ports"], peer)
        for one in declared
        for policy in one.manifests
        if policy["kind"] == "NetworkPolicy"
        for side, rule in rules(policy)
        for peer in rule[side]
        if "ipBlock" not in peer
        if tenants.get(peer["namespaceSelector"]["matchLabels"][METADATA_NAME], one.owner) != one.owner
    ]
    wanted = []
    for flow in opened(estate, direct=True):
        assert flow.inquiry
        assert flow.offer
        ports = [{"protocol": "TCP", "port": flow.offer.port}]
        asking, answering = (flow.consumer, flow.inquiry.app), (flow.provider, flow.offer.app)
        for side, own, other in (("to", asking, answering), ("from", answering, asking)):
            wanted.append((own[0], f"{own[0]}-production", app(own[1]), side, ports, peer_of(*other)))
    assert wanted
    assert sorted(ways, key=repr) == sorted(wanted, key=repr)


def app(name: str) -> dict[str, Any]:
    return {"matchLabels": {"app.kubernetes.io/name": name}}


def peer_of(owner: str, name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {METADATA_NAME: f"{owner}-production"}}, "podSelector": app(name)}


def test_a_flow_has_both_halves(declared: tuple[Declaration, ...]) -> None:
    names = [p["metadata"]["name"] for p in of_kind(declared, "NetworkPolicy")]
    outward = [name.removesuffix("-egress") for name in names if name.startswith("allow-flow-") and "-egress" in name]
    inward = [name.removesuffix("-ingress") for name in names if name.startswith("allow-flow-") and "-ingress" in name]
    assert outward
    assert outward == inward


def test_nothing_is_shared_by_two_owners(declared: tuple[Declaration, ...]) -> None:
    owner_of: dict[tuple[str, ...], str] = {}
    for one in declared:
        for manifest in one.manifests:
            assert owner_of.setdefault(identity(manifest), one.owner) == one.owner, identity(manifest)
    assert len(owner_of) == len(list(every(declared))), "a name is there twice"


def test_a_child_has_nothing_of_its_parent_and_a_parent_nothing_of_its_child(estate: Estate) -> None:
    """But what they may ask of each other, as any two agencies."""
    parents = {agency.id: agency.profile.spec.identity.parent for agency in estate.agencies}
    assert any(parents.values())
    exchanged = 0
    for child, parent in parents.items():
        if parent is None:
            continue
        for one, other in ((child, parent), (parent, child)):
            manifests = declaration(estate, one).manifests
            foreign = set(namespaces(declaration(estate, other).manifests))
            assert not {m["metadata"].get("namespace") or m["metadata"]["name"] for m in manifests} & foreign
            bound = {s["name"] for m in manifests if m["kind"] == "RoleBinding" for s in m["subjects"]}
            assert all(name.startswith(f"{one}:") for name in bound)
            others = (
                m for m in manifests if m["kind"] != "ListenerSet"
            )  # of windows: test_window.py says who is in it
            naming = {identity(m)[1:] for m in others if any(name in dump([m]) for name in foreign)}
            assert naming == between(estate, one, other)
            exchanged += len(naming)
    assert exchanged > 2


def between(estate: Estate, one: str, other: str) -> set[tuple[str, str, str]]:
    """Return what of the one names the other's namespaces: because the one answers it, or either goes directly."""
    home = f"{one}-production"
    answers = [flow for flow in opened(estate, direct=False) if (flow.provider, flow.consumer) == (one, other)]
    direct = [flow for flow in opened(estate, direct=True) if {flow.provider, flow.consumer} == {one, other}]
    names = {
        f"allow-inquiry.{f.inquiry.id}" if f.consumer == one else f"allow-consumer.{other}.{f.inquiry.id}"
        for f in direct
        if f.inquiry
    }
    return {("SecurityPolicy", EXCHANGE, f"{one}.{flow.api}") for flow in answers} | {
        ("NetworkPolicy", home, name) for name in names
    }


def test_bindings_are_of_groups_of_the_agency_and_never_cluster_wide(declared: tuple[Declaration, ...]) -> None:
    assert not [m for m in every(declared) if m["kind"] == "ClusterRoleBinding"]
    for one in declared:
        for binding in (m for m in one.manifests if m["kind"] == "RoleBinding"):
            (subject,) = binding["subjects"]
            assert subject["kind"] == "Group"
            assert subject["name"] == f"{one.owner}:{binding['metadata']['name']}"


def test_no_role_grants_what_the_profile_decides(declared: tuple[Declaration, ...]) -> None:
    ours = {"networkpolicies", "resourcequotas", "limitranges", "rolebindings", "roles", "namespaces"}
    ours |= {"serviceaccounts", "httproutes", "listenersets", "referencegrants", "gateways", "securitypolicies"}
    barred = {"pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers"}
    for role in of_kind(declared, "ClusterRole"):
        for rule in role["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
            assert not set(rule["verbs"]) & {"escalate", "bind", "impersonate", "deletecollection"}
            assert not barred & set(rule["resources"]) or role["metadata"]["name"] == BREAK_GLASS
            if set(rule["resources"]) & ours:
                assert set(rule["verbs"]) <= {"get", "list", "watch"}
            if "secrets" in rule["resources"]:
                assert not set(rule["verbs"]) & {"list", "watch"}


def test_no_secret_is_in_any_manifest(declared: tuple[Declaration, ...]) -> None:
    for manifest in every(declared):
        assert manifest["kind"] != "Secret"
        assert not {"stringData", "PRIVATE KEY", "clientSecret:"} & set(re.findall(r"[\w ]+:?", dump([manifest])))


def test_the_default_service_account_has_no_token(declared: tuple[Declaration, ...]) -> None:
    assert all(account["automountServiceAccountToken"] is False for account in of_kind(declared, "ServiceAccount"))


def test_pods_are_restricted_in_every_namespace(declared: tuple[Declaration, ...], estate: Estate) -> None:
    for namespace in of_kind(declared, "Namespace"):
        for mode in ("enforce", "audit", "warn"):
            labels, prefix = namespace["metadata"]["labels"], f"pod-security.kubernetes.io/{mode}"
            assert labels[prefix] == "restricted"
            assert labels[f"{prefix}-version"] == estate.platform.spec.pod_security_version


# Egress ends


def with_egress(estate: Estate) -> Agency:
    return next(a for a in estate.agencies if any(e.until.year > 2026 for e in a.profile.spec.egress))


def test_egress_is_open_until_its_day_begins_and_then_no_more(estate: Estate) -> None:
    agency = with_egress(estate)
    egress = max(agency.profile.spec.egress, key=lambda one: one.until)
    end = egress.until.begins(estate.platform.zone)
    name = f"allow-egress-{egress.name}"
    assert name in policies_at(estate, agency, end - timedelta(seconds=1))
    assert name not in policies_at(estate, agency, end)
    assert policies_at(estate, agency, end) < policies_at(estate, agency, estate.as_of)


def policies_at(estate: Estate, agency: Agency, as_of: datetime) -> set[str]:
    manifests = build.tenant(msgspec.structs.replace(estate, as_of=as_of), agency)
    return {m["metadata"]["name"] for m in manifests if m["kind"] == "NetworkPolicy"}


# Shares


def test_quotas_are_what_the_size_promises(declared: tuple[Declaration, ...], estate: Estate) -> None:
    sizes = {
        agency.profile.namespace(environment): estate.platform.size(environment.size)
        for agency in estate.agencies
        for environment in agency.profile.spec.environments
    }
    quotas = {quota["metadata"]["namespace"]: quota["spec"]["hard"] for quota in of_kind(declared, "ResourceQuota")}
    assert quotas.keys() == sizes.keys()
    for namespace, hard in quotas.items():
        size, amounts = sizes[namespace], {key: amount(value) for key, value in hard.items()}
        assert size is not None
        assert amounts["requests.cpu"] <= size.cpu_cores
        assert amounts["requests.memory"] <= size.memory_gib * 2**30
        assert amounts["requests.storage"] <= size.storage_gib * 2**30
        assert amounts["limits.cpu"] == amounts["requests.cpu"] * size.limit_factor
        assert amounts["services.nodeports"] == amounts["services.loadbalancers"] == 0
        assert all(isinstance(value, str) for value in hard.values())
        by_class = [value for key, value in amounts.items() if ".storageclass." in key]
        assert by_class
        assert all(value <= amounts["requests.storage"] for value in by_class)


def test_containers_get_a_request_below_the_limit_below_the_maximum_below_the_quota(
    declared: tuple[Declaration, ...],
) -> None:
    quotas = {quota["metadata"]["namespace"]: quota["spec"]["hard"] for quota in of_kind(declared, "ResourceQuota")}
    for limits in of_kind(declared, "LimitRange"):
        container, claim = limits["spec"]["limits"]
        hard = quotas[limits["metadata"]["namespace"]]
        for resource in ("cpu", "memory"):
            steps = [container[key][resource] for key in ("defaultRequest", "default", "max")]
            amounts = [amount(step) for step in (*steps, hard[f"limits.{resource}"])]
            assert amounts == sorted(amounts)
            assert amounts[0] > 0
        assert amount(claim["max"]["storage"]) <= amount(hard["requests.storage"])


# What the API server wants


def test_names_labels_and_annotations_are_ones_that_kubernetes_takes(declared: tuple[Declaration, ...]) -> None:
    for manifest in every(declared):
        metadata = manifest["metadata"]
        assert SUBDOMAIN.fullmatch(metadata["name"]), metadata
        assert len(metadata["name"]) <= (63 if manifest["kind"] == "Namespace" else 253)
        if "namespace" in metadata:
            assert LABEL.fullmatch(metadata["namespace"])
            assert len(metadata["namespace"]) <= 63
        for labels in (metadata["labels"], *selectors(manifest)):
            for key, value in labels.items():
                prefix, _, name = key.rpartition("/")
                assert not prefix or SUBDOMAIN.fullmatch(prefix)
                assert LABEL_VALUE.fullmatch(name)
                assert len(name) <= 63
                assert LABEL_VALUE.fullmatch(value), value
                assert len(value) <= 63
        annotations = metadata.get("annotations", {})
        assert sum(len(key) + len(value.encode()) for key, value in annotations.items()) < 256 * 1024
        assert metadata.keys() <= {"name", "namespace", "labels", "annotations"}


def selectors(node: Any) -> Iterator[Mapping[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "matchLabels":
                yield value
            else:
                yield from selectors(value)
    elif isinstance(node, list):
        for item in node:
            yield from selectors(item)


def test_the_longest_names_that_a_profile_may_give_are_still_names(tmp_path: Path) -> None:
    text = (PROFILES / "valid" / "spellings.yaml").read_text(encoding="utf-8")
    long_id, long_name = "a" * 20, "b" * 40
    text = text.replace("id: spellings", f"id: {long_id}").replace("app: on-line", f"app: {long_name}")
    text = text.replace("name: six", f"name: {long_name}").replace("    parent: minimal\n", "")
    root = make_root(tmp_path / "root")
    (root / loader.PROFILES / f"{long_id}.yaml").write_text(text, encoding="utf-8")
    declared = declarations(load(root))
    test_names_labels_and_annotations_are_ones_that_kubernetes_takes(declared)
    assert any(len(m["metadata"]["name"]) > 60 for m in every(declared))


def test_every_manifest_says_whose_it_is(declared: tuple[Declaration, ...]) -> None:
    for one in declared:
        for manifest in one.manifests:
            labels = manifest["metadata"]["labels"]
            assert labels["app.kubernetes.io/managed-by"] == "govcloud"
            assert labels.get("govcloud.internal/agency", "platform") == one.owner
            if one.owner != "platform":
                namespace = manifest["metadata"].get("namespace", manifest["metadata"]["name"])
                home = f"{one.owner}-{labels['govcloud.internal/environment']}"
                is_outside = manifest["kind"] in OUTSIDE.get(namespace, ()) and home.endswith("-production")
                assert namespace == home or is_outside


OUTSIDE = {
    "govcloud-gateway": {"Certificate", "ListenerSet", "NetworkPolicy", "SecurityPolicy"},
    EXCHANGE: {"HTTPRoute", "NetworkPolicy", "SecurityPolicy"},
}
"""What of an agency may lie in namespaces of the platform, which no tenant can write."""


def test_every_kind_is_known_and_namespaced_as_it_should_be(
    declared: tuple[Declaration, ...], certified: Estate
) -> None:
    emitted = set()
    for manifest in (*every(declared), *every(declarations(certified))):
        key = manifest["apiVersion"], manifest["kind"]
        emitted.add(key)
        assert ("namespace" in manifest["metadata"]) == KINDS[key].namespaced
    assert emitted == set(KINDS), "a kind that nothing emits, or the other way round"


@pytest.mark.live
def test_the_official_schemas_know_every_field_and_would_add_none(
    declared: tuple[Declaration, ...], certified: Estate
) -> None:
    """What the API server adds to a list that is one value makes every second apply a change."""
    known = definitions()
    seen = set()
    for manifest in (*every(declared), *every(declarations(certified))):
        key = (manifest["apiVersion"], manifest["kind"])
        if key in known:
            seen.add(key)
            assert filled(known[key]["properties"]["spec"], manifest["spec"], ()) == manifest["spec"], identity(
                manifest
            )
    assert seen == {key for key in KINDS if key[0].startswith("gateway.")}


def definitions() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the schemas of Gateway API's and Envoy Gateway's kinds, or skip where they cannot be had."""
    try:
        bodies = crds.load(binaries.go(), binaries.cache(), silent)
    except (ToolchainError, UnreachableError) as error:
        pytest.skip(f"no definitions here: {error}")
    found = {}
    for body in map(json.loads, bodies.values()):
        for version in body["spec"]["versions"]:
            key = (f"{body['spec']['group']}/{version['name']}", body["spec"]["names"]["kind"])
            found[key] = version["schema"]["openAPIV3Schema"]
    return found


def filled(schema: dict[str, Any], node: Any, path: tuple[str, ...]) -> Any:
    """Return what the API server makes of a value: unset fields with a default are set."""
    if isinstance(node, list):
        return [filled(schema["items"], one, path) for one in node]
    if not isinstance(node, dict) or schema.get("x-kubernetes-preserve-unknown-fields"):
        return node
    fields, others = schema.get("properties", {}), schema.get("additionalProperties")
    assert others or node.keys() <= fields.keys(), (path, node.keys() - fields.keys())
    set_ = {name: field["default"] for name, field in fields.items() if "default" in field} | node
    return {name: filled(fields.get(name, others), value, (*path, name)) for name, value in set_.items()}


def test_manifests_are_plain_data(declared: tuple[Declaration, ...]) -> None:
    for manifest in every(declared):
        assert_plain(manifest)


def assert_plain(node: Any) -> None:
    """Subclasses, such as members of enumerations, would be written differently by every writer."""
    assert type(node) in (dict, list, str, int, bool), node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        assert_plain(inner)


def test_files_read_back_as_the_manifests_in_the_order_of_creation(declared: tuple[Declaration, ...]) -> None:
    for one in declared:
        for name, content in files(one):
            owned = [m for m in one.manifests if f"{lies_in(m)}.yaml" == name]
            assert list(yaml.load_all(content, yaml.CSafeLoader)) == owned
        assert {f"{lies_in(manifest)}.yaml" for manifest in one.manifests} == {name for name, _ in files(one)}


def lies_in(manifest: Manifest) -> str:
    metadata = manifest["metadata"]
    return str(metadata["name"] if manifest["kind"] == "Namespace" else metadata.get("namespace", "cluster"))


@pytest.mark.parametrize(
    "text", ["1e5", "0o17", "1.", "010", "12:30", "no", "y", "~", "null", "0x1f", ".5", "-", "=", "<<"]
)
def test_text_that_another_yaml_would_take_for_something_else_is_quoted(text: str) -> None:
    assert re.search(rf"a: ['\"]{re.escape(text)}['\"]\n", dump([{"a": text}]))


# The same input, the same bytes


def test_the_order_of_files_and_of_keys_changes_nothing(estate: Estate, tmp_path: Path, project: Path) -> None:
    backwards = msgspec.structs.replace(estate, agencies=tuple(reversed(estate.agencies)))
    assert {one.owner: one for one in declarations(backwards)} == {one.owner: one for one in declarations(estate)}
    root = make_root(tmp_path / "root", platform=project / loader.PLATFORM)
    for agency in estate.agencies:  # all of them: what one has at the exchange is made from others' profiles too
        text = (project / loader.PROFILES / f"{agency.id}.yaml").read_text(encoding="utf-8")
        data = reverse_keys(parse(text).data)
        (root / loader.PROFILES / f"{agency.id}.yaml").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    unlicensed = msgspec.structs.replace(estate, operators=())  # their register is not among these files
    assert declarations(load(root)) == declarations(unlicensed)


def reverse_keys(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: reverse_keys(value) for key, value in reversed(node.items())}
    return [reverse_keys(item) for item in node] if isinstance(node, list) else node


def test_an_unknown_size_is_an_error_and_never_a_namespace_without_quota(estate: Estate) -> None:
    spec = msgspec.structs.replace(estate.platform.spec, sizes=())
    platform = msgspec.structs.replace(estate.platform, spec=spec)
    with pytest.raises(LookupError, match="has no size"):
        declarations(msgspec.structs.replace(estate, platform=platform))


def test_an_unknown_owner_is_an_error(estate: Estate) -> None:
    with pytest.raises(LookupError, match="no agency 'nobody'"):
        declaration(estate, "nobody")


def test_the_platform_may_have_no_monitoring_and_a_local_dns_cache(tmp_path: Path) -> None:
    text = DEFAULT_PLATFORM.read_text(encoding="utf-8")
    before, after = text.split("  monitoring:\n")
    root = make_root(tmp_path / "root", [PROFILES / "valid" / "minimal.yaml"])
    (root / loader.PLATFORM).write_text(before + after.split("    port: 9090\n")[1], encoding="utf-8")
    declared = declarations(load(root))
    assert not [m for m in every(declared) if m["metadata"]["name"] == "allow-from-monitoring"]
    assert namespaces(declared[0].manifests) == ["govcloud-gateway"]
    dns = next(m for m in every(declared) if m["metadata"]["name"] == "allow-dns")
    assert {"ipBlock": {"cidr": "169.254.20.10/32"}} in dns["spec"]["egress"][0]["to"]
