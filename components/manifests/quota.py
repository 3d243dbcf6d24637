"""Fair shares: the quota of a namespace, and the defaults and ceiling of a container (QU-01 to QU-04)."""

from components.estate.platform import Container, Size
from components.manifests.manifest import Manifest, manifest


def resource_quota(namespace: str, size: Size, storage_classes: tuple[str, ...], labels: dict[str, str]) -> Manifest:
    """Return the quota: requests, limits, storage by class, object counts; no node ports and no load balancers."""
    hard = {
        "requests.cpu": str(size.cpu_cores),
        "requests.memory": f"{size.memory_gib}Gi",
        "limits.cpu": str(size.cpu_cores * size.limit_factor),
        "limits.memory": f"{size.memory_gib * size.limit_factor}Gi",
        "requests.storage": f"{size.storage_gib}Gi",
        "pods": str(size.pods),
        "services.nodeports": "0",
        "services.loadbalancers": "0",
    }
    hard |= dict.fromkeys(("services", "configmaps", "secrets", "persistentvolumeclaims"), str(size.objects))
    hard |= {
        f"{name}.storageclass.storage.k8s.io/requests.storage": f"{size.storage_gib}Gi" for name in storage_classes
    }
    return manifest("v1", "ResourceQuota", "quota", namespace=namespace, labels=labels, spec={"hard": hard})


def limit_range(namespace: str, container: Container, size: Size, labels: dict[str, str]) -> Manifest:
    """Return defaults and ceilings, written out in full: the server defaults nothing, so nobody sees a difference."""
    limits = [
        {
            "type": "Container",
            "default": {"cpu": container.limit.cpu, "memory": container.limit.memory},
            "defaultRequest": {"cpu": container.request.cpu, "memory": container.request.memory},
            "max": {"cpu": container.max.cpu, "memory": container.max.memory},
        },
        {"type": "PersistentVolumeClaim", "max": {"storage": f"{size.storage_gib}Gi"}},
    ]
    return manifest("v1", "LimitRange", "limits", namespace=namespace, labels=labels, spec={"limits": limits})
