"""What the rows measure on: a generated estate, its rendered manifests, an embedded cluster; each made when needed."""

import itertools
import json
import shutil
import sys
from functools import cached_property
from pathlib import Path
from typing import Final

import yaml

from tests.bench.measure import Command, run

PROJECT: Final = Path(__file__).parents[2]
_GOVCLOUD: Final = str(Path(sys.executable).with_name("govcloud"))
_TITLE: Final = "titleFa: "
_APPLICATIONS: Final = 18
"""In each namespace; with those of 150 agencies about one for each of 5,200 services."""
_APPLICATION: Final = """\
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {namespace}
  labels: {{app.kubernetes.io/name: {name}, app.kubernetes.io/part-of: services}}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      automountServiceAccountToken: false
      priorityClassName: tenant-standard
      securityContext:
        runAsNonRoot: true
        seccompProfile: {{type: RuntimeDefault}}
      containers:
{containers}      volumes:
      - name: work
        emptyDir: {{}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{app: {name}}}
  ports:
  - {{name: http, port: 80, targetPort: 8080, protocol: TCP}}
"""
_CONTAINER: Final = """\
      - name: {name}
        image: {registry}/{namespace}/{name}@sha256:%s
        imagePullPolicy: Always
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities:
            drop: [ALL]
        resources:
          requests: {{cpu: 100m, memory: 64Mi}}
          limits: {{cpu: 200m, memory: 64Mi}}
        livenessProbe: {{httpGet: {{path: /live, port: 8080}}}}
        readinessProbe: {{httpGet: {{path: /ready, port: 8080}}}}
        volumeMounts:
        - name: work
          mountPath: /work
""" % ("0123456789abcdef" * 4)


class Scene:
    """One estate in a folder of its own, and everything made from it.

    Args:
        folder: An empty folder; its owner removes it.
    """

    def __init__(self, folder: Path, *, agencies: int, services: int) -> None:
        self.root = folder / "estate"
        self.output = folder / "output"
        self._manifests = folder / "manifests.json"
        self._versions = itertools.count()
        self._has_cloud = False
        size = ("--agencies", str(agencies), "--services", str(services))
        run((sys.executable, "-m", "tests.estates.generate", *size, "--output", str(self.root)))
        self._profile = min((self.root / "agency_profiles").iterdir())
        self._text = self._profile.read_text(encoding="utf-8")

    def govcloud(self, *arguments: str) -> Command:
        """Return the command `govcloud` in this estate."""
        return (_GOVCLOUD, "--root", str(self.root), *arguments)

    def peer(self, name: str, *arguments: Path) -> Command:
        """Return the command that runs the peer `name`, a script beside this one."""
        return (sys.executable, str(Path(__file__).with_name(f"peer_{name}.py")), *map(str, arguments))

    def change_one_profile(self) -> None:
        """Give one service a title that it never had."""
        before, _, after = self._text.partition(_TITLE)
        self._profile.write_text(f"{before}{_TITLE}نسخهٔ {next(self._versions)} {after}", encoding="utf-8")

    def forget_output(self) -> None:
        """Remove what was rendered, so that the next run writes all."""
        shutil.rmtree(self.output, ignore_errors=True)

    @cached_property
    def rendered(self) -> Path:
        """A folder with the rendered manifests, which no row changes."""
        folder = self.output.with_name("rendered")
        run(self.govcloud("render", "--output", str(folder)))
        return folder

    @cached_property
    def manifests(self) -> Path:
        """A JSON file with the rendered manifests, by the names of their files."""
        documents = {
            str(path.relative_to(self.rendered)): list(yaml.load_all(path.read_text("utf-8"), yaml.CSafeLoader))
            for path in sorted(self.rendered.rglob("*.yaml"))
        }
        self._manifests.write_text(json.dumps(documents), encoding="utf-8")
        return self._manifests

    @cached_property
    def applications(self) -> Path:
        """A folder with the agencies' own manifests, a file for each of their namespaces, as the rules want them."""
        folder = self.output.with_name("applications")
        folder.mkdir()
        registry = yaml.safe_load((self.root / "stacks" / "platform.yaml").read_text("utf-8"))["spec"]["registries"][0]
        for path in sorted(self.rendered.glob("*/*.yaml")):
            namespace = path.stem
            if namespace.rpartition("-")[0] != path.parent.name:
                continue
            names = [f"app-{number}" for number in range(_APPLICATIONS)]
            (folder / path.name).write_text("".join(_application(name, namespace, registry) for name in names), "utf-8")
        return folder

    @property
    def kubeconfig(self) -> str:
        """The embedded cluster's; it must be up once the command runs."""
        return str(self.root / ".govcloud" / "cloud" / "kubeconfig")

    def cloud_up(self) -> None:
        """Start the embedded cluster unless it runs."""
        self._has_cloud = True
        run(self.govcloud("cloud", "up", "--no-window"))

    def new_cloud(self) -> None:
        """Start an embedded cluster without any data."""
        self.close()
        self.cloud_up()

    def close(self) -> None:
        """Stop the embedded cluster and remove its data, if it was ever started."""
        if self._has_cloud:
            run(self.govcloud("cloud", "down", "--delete"))


def _application(name: str, namespace: str, registry: str) -> str:
    containers = "".join(
        _CONTAINER.format(name=container, namespace=namespace, registry=registry) for container in ("main", "proxy")
    )
    return _APPLICATION.format(name=name, namespace=namespace, containers=containers)
