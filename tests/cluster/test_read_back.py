from typing import Any

import pytest

from scripts.cluster.read_back import compare


def body(kind: str = "ConfigMap", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "n", "namespace": "s"}, **more}


def found(kind: str, declared: Any, live: Any) -> list[str]:
    return [d.shown.removeprefix(f"{kind} s/n ") for d in compare(body(kind, spec=declared), body(kind, spec=live))]


@pytest.mark.parametrize(
    ("kind", "declared", "live"),
    [
        ("ConfigMap", {"a": [{"b": 1}]}, {"a": [{"b": 1}]}),
        ("ResourceQuota", {"hard": {"cpu": "1000m"}}, {"hard": {"cpu": "1"}}),
        ("ResourceQuota", {"hard": {"cpu": "0.5"}}, {"hard": {"cpu": "500m"}}),
        ("ResourceQuota", {"hard": {"memory": "1024Mi"}}, {"hard": {"memory": "1Gi"}}),
        ("ResourceQuota", {"hard": {"pods": 5}}, {"hard": {"pods": "5"}}),
        ("LimitRange", {"limits": [{"type": "Container", "max": {"cpu": "2000m"}}]},
         {"limits": [{"type": "Container", "max": {"cpu": "2"}}]}),
    ],
)  # fmt: skip
def test_live_holds_what_is_declared(kind: str, declared: Any, live: Any) -> None:
    assert found(kind, declared, live) == []


@pytest.mark.parametrize(
    ("kind", "declared", "live", "difference"),
    [
        ("ConfigMap", {"a": 1}, {}, "spec.a: 1 is declared, (nothing) is there"),
        ("ConfigMap", {"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, "spec.a[0].c: (nothing) is declared, 2 is there"),
        ("ConfigMap", {"a": False}, {}, "spec.a: false is declared, (nothing) is there"),
        ("ConfigMap", {"a": False}, {"a": 0}, "spec.a: false is declared, 0 is there"),
        ("ConfigMap", {"a": {}}, {}, "spec.a: {} is declared, (nothing) is there"),
        ("ConfigMap", {"a": "1000m"}, {"a": "1"}, 'spec.a: "1000m" is declared, "1" is there'),
        ("ConfigMap", {"a": [1]}, {"a": [1, 2]}, 'spec.a: "1 entries" is declared, "2 entries" is there'),
        ("ConfigMap", {"a": [1, 2]}, {"a": [2, 1]}, "spec.a[0]: 1 is declared, 2 is there"),
        (
            "ResourceQuota",
            {"hard": {"cpu": "1"}},
            {"hard": {"cpu": "2"}},
            'spec.hard.cpu: "1" is declared, "2" is there',
        ),
        (
            "ResourceQuota",
            {"hard": {"cpu": "x"}},
            {"hard": {"cpu": "y"}},
            'spec.hard.cpu: "x" is declared, "y" is there',
        ),
    ],
)
def test_a_difference_is_told(kind: str, declared: Any, live: Any, difference: str) -> None:
    assert difference in found(kind, declared, live)


def test_labels_count() -> None:
    declared = body() | {"metadata": {"name": "n", "namespace": "s", "labels": {"a": "b"}}}
    assert [d.path for d in compare(declared, body())] == ["metadata.labels"]


def test_what_somebody_added_inside_is_told() -> None:
    """An entry added to a default-deny opens the namespace, and no field manager conflicts with it."""
    shut = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    told = found("NetworkPolicy", shut, shut | {"ingress": [{}]})
    assert told == ["spec.ingress: (nothing) is declared, [{}] is there"]


def test_what_others_keep_beside_it_is_theirs() -> None:
    live = body() | {"status": {"used": {}}}
    live["metadata"] = live["metadata"] | {"annotations": {"someone/else": "x"}, "uid": "u"}
    assert compare(body(), live) == ()
