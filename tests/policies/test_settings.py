"""Rules that judge otherwise where the platform has what the example platform has not."""

from ipaddress import IPv4Address
from typing import Any

import msgspec

from components.estate.finding import Where
from components.estate.platform import Platform
from policies.catalogue import CATALOGUE
from policies.rules.scene import Scene
from policies.verdict import Placed, judge
from tests.policies.cases import platform

BY_ID = {rule.id: rule for rule in CATALOGUE}


def having(**given: Any) -> Platform:
    return msgspec.structs.replace(platform(), spec=msgspec.structs.replace(platform().spec, **given))


def found(rule_id: str, body: dict[str, Any], chosen: Platform) -> list[str]:
    rule = BY_ID[rule_id]
    tenant = {"govcloud.internal/agency": "one", "govcloud.internal/environment": "production"}
    home = {"kind": "Namespace", "metadata": {"name": "one-production", "labels": tenant}}
    placed = [Placed(body, Where("f"), is_made=False)]
    return [one.where.pointer for one in judge(placed, Scene([home, body], chosen), min(rule.marks), [rule]).findings]


def leading_to(*blocks: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "allow-dns", "namespace": "one-production"},
        "spec": {"egress": [{"to": [{"ipBlock": block} for block in blocks], "ports": [{"port": 53}]}]},
    }


def certificate(kind: str, name: str) -> dict[str, Any]:
    issuer = {"group": "cert-manager.io", "kind": kind, "name": name}
    return {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "spec": {"issuerRef": issuer}}


def test_the_nodes_own_dns_is_the_clusters_dns_and_no_block_like_others() -> None:
    node_local = having(node_local_dns=IPv4Address("192.168.0.10"))
    exact, near = {"cidr": "192.168.0.10/32"}, {"cidr": "192.168.0.10/31"}
    policy = leading_to(exact, near, {"cidr": "192.168.0.11/32"})
    assert found("NP-06", policy, node_local) == ["spec.egress[0].to[1]", "spec.egress[0].to[2]"]
    assert found("NP-06", policy, platform()) == [f"spec.egress[0].to[{index}]" for index in range(3)]
    blocks = [f"spec.egress[0].to[{index}].ipBlock.cidr" for index in range(3)]
    assert found("NP-09", policy, node_local) == blocks[1:]
    assert found("NP-09", policy, platform()) == blocks


def test_a_certificate_is_of_the_approved_issuer_and_of_no_other() -> None:
    gateway = msgspec.structs.replace(platform().spec.gateway, certificate_issuer="government")
    approving = having(gateway=gateway)
    assert found("IN-17", certificate("ClusterIssuer", "government"), approving) == []
    assert found("IN-17", certificate("ClusterIssuer", "government"), platform()) == ["spec.issuerRef"]
    assert found("IN-17", certificate("Issuer", "government"), approving) == ["spec.issuerRef"]
    assert found("IN-17", certificate("ClusterIssuer", "anybody"), approving) == ["spec.issuerRef"]
