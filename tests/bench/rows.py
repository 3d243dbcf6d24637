"""The rows of the benchmark, each a command of ours beside a peer's on the same input; bounds are of DESIGN section 9.

To add a row, add a `Row` to `ROWS`. Rows of one group run together, in the order of the table, on one scene.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from scripts.localcloud import binaries
from tests.bench.measure import Command
from tests.bench.scene import Scene

_MANAGER: Final = "govcloud"  # scripts.cluster.connection has it too, and a heavy import with it


class Measure(StrEnum):
    """What is compared: processor time of the process, or time on the wall where it waits for somebody."""

    CPU = "cpu"
    WALL = "wall"


class Peer(NamedTuple):
    """Whom we stand beside, under the name that the table shows."""

    name: str
    command: Callable[[Scene], Command]


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        group: What `--rows` selects.
        prepare: Runs before every single run of either, unmeasured.
        bound: The ratio to hold; None where the ratio is only told.
        warm_up: Whether a first pair of runs is thrown away.
        repeat_max: Fewer repetitions than asked for, where one takes minutes.
    """

    group: str
    name: str
    ours: Callable[[Scene], Command]
    peer: Peer | None
    prepare: Callable[[Scene], None] = lambda _: None
    bound: float | None = None
    aim: float | None = None
    measure: Measure = Measure.CPU
    warm_up: bool = True
    repeat_max: int | None = None


def _render(scene: Scene) -> Command:
    return scene.govcloud("render", "--output", str(scene.output))


def _apply(scene: Scene) -> Command:
    return scene.govcloud("apply", "--kubeconfig", scene.kubeconfig)


def _kubectl_apply(scene: Scene) -> Command:
    """Under our manager's name, so that neither contests the other's fields."""
    kubectl = str(binaries.build("kubectl"))  # of the server's own version
    options = ("--server-side", "--field-manager", _MANAGER, "--recursive", "--filename", str(scene.rendered))
    return (kubectl, "--kubeconfig", scene.kubeconfig, "apply", *options)


def _check_manifests(scene: Scene) -> Command:
    return scene.govcloud("check", "--manifests", str(scene.rendered), "--manifests", str(scene.applications))


_LOAD: Final = Peer("PyYAML's C loader, load only", lambda scene: scene.peer("load", scene.root))
_DUMP: Final = Peer("PyYAML's C dumper, dump only", lambda s: s.peer("dump", s.manifests, s.output.with_name("dumped")))
_LOAD_MANIFESTS: Final = Peer(
    "PyYAML's C loader, load only", lambda scene: scene.peer("manifests", scene.rendered, scene.applications)
)
_KUBECTL: Final = Peer("kubectl apply --server-side", _kubectl_apply)

ROWS: Final = (
    Row("check", "check, cold", lambda s: s.govcloud("check", "--no-cache"), _LOAD, bound=3, aim=2),
    Row(
        "check", "check, one changed profile", lambda s: s.govcloud("check"), _LOAD,
        prepare=Scene.change_one_profile, bound=1, aim=0.5,
    ),
    Row("manifests", "check --manifests", _check_manifests, _LOAD_MANIFESTS, bound=4),
    Row("render", "render, first", _render, _DUMP, prepare=Scene.forget_output),
    Row("render", "render, unchanged", _render, _DUMP),
    Row(
        "apply", "apply, first", _apply, _KUBECTL,
        prepare=Scene.new_cloud, bound=1, measure=Measure.WALL, warm_up=False, repeat_max=2,
    ),
    Row(
        "apply", "apply, unchanged", _apply, _KUBECTL,
        prepare=Scene.cloud_up, bound=1, measure=Measure.WALL, repeat_max=3,
    ),
)  # fmt: skip
