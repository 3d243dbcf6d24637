"""Runs a stack's program in this process and records whole requests, as the engine would receive them."""

import asyncio
import runpy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pulumi
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from google.protobuf.struct_pb2 import Struct  # type: ignore[import-untyped]
from pulumi.runtime.mocks import MockEngine, MockMonitor
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import Settings, set_root_resource

PROGRAM = Path(__file__).parents[2] / "stacks"
STACK = "pulumi:pulumi:Stack"
PROVIDER = "pulumi:providers:kubernetes"
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi's protocol marks special values."""
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # the mark itself, of a secret


class Encrypted(str):
    """A setting made with `pulumi config set --secret`; the program is given it in clear, and told so."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """One RegisterResource request."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    parent: str
    provider: str
    dependencies: frozenset[str]
    protect: bool
    former_names: frozenset[str]
    secret_outputs: frozenset[str]

    @property
    def is_object(self) -> bool:
        """Whether it is an object in the cluster."""
        return self.type.startswith("kubernetes:")


class UnknownStackError(grpc.RpcError):  # type: ignore[misc]
    """What the engine answers when a stack is asked for that does not exist."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return "unknown stack"


class Recorder(MockMonitor):
    """An engine in which everything works: keeps every registration and the stack's outputs.

    The methods answer from the requests themselves. Those of `MockMonitor` would decode and encode them in the
    threads that call them, with an event loop in each that nobody closes.

    Args:
        stacks: The outputs of other stacks, by full name.
    """

    def __init__(self, stacks: Mapping[str, Mapping[str, Any]]) -> None:
        self._stacks = stacks
        self.registered: list[Registered] = []
        self.outputs: dict[str, Any] = {}

    def RegisterResource(  # noqa: N802  # the name of the gRPC method
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        self.registered.append(
            Registered(
                urn=urn,
                type=request.type,
                name=request.name,
                inputs=MessageToDict(request.object),
                parent=request.parent,
                provider=request.provider,
                dependencies=frozenset(request.dependencies),
                protect=request.protect,
                former_names=frozenset(alias.spec.name for alias in request.aliases if alias.spec.name),
                secret_outputs=frozenset(request.additionalSecretOutputs),
            )
        )
        return resource_pb2.RegisterResourceResponse(urn=urn, id=f"{request.name}-id", object=request.object)

    def RegisterResourceOutputs(  # noqa: N802  # the name of the gRPC method
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> Empty:
        if STACK in request.urn.split("::"):
            self.outputs = MessageToDict(request.outputs)
        return Empty()

    def ReadResource(  # noqa: N802  # the name of the gRPC method
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=self._stack(request.id))

    def Invoke(  # noqa: N802  # the name of the gRPC method
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        return resource_pb2.ResourceInvokeResponse(**{"return": self._stack(request.args["name"])})

    def _stack(self, name: str) -> Struct:
        if name not in self._stacks:
            raise UnknownStackError
        answer = Struct()
        answer.update({"name": name, "outputs": dict(self._stacks[name]), "secretOutputNames": []})
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a program asked of the engine, and what ended it early."""

    registered: tuple[Registered, ...]
    outputs: Mapping[str, Any]
    error: BaseException | None

    @property
    def objects(self) -> tuple[Registered, ...]:
        """What is to be in the cluster."""
        return tuple(registered for registered in self.registered if registered.is_object)

    def one(self, name: str, kind: str = "") -> Registered:
        """Return the resource of this name, of the kind where several bear it."""
        (found,) = (r for r in self.registered if r.name == name and r.type.endswith(kind))
        return found

    def needs(self, registered: Registered) -> frozenset[str]:
        """Return everything that `registered` waits for, directly or not."""
        by_urn = {r.urn: r for r in self.registered}
        seen: set[str] = set()
        waiting = set(registered.dependencies)
        while waiting:
            urn = waiting.pop()
            seen.add(urn)
            waiting |= by_urn[urn].dependencies - seen
        return frozenset(seen)


def record(
    root: Path,
    stack: str,
    *,
    config: Mapping[str, str],
    stacks: Mapping[str, Mapping[str, Any]],
    program: Callable[[], object] = lambda: runpy.run_path(str(PROGRAM), run_name="__main__"),
) -> Recording:
    """Run the program for `stack` of the project at `root`; its settings end with this call."""
    monitor = Recorder(stacks)

    async def run() -> None:
        pulumi.runtime.configure(
            Settings(
                project="govcloud",
                stack=stack,
                organization="organization",
                root_directory=str(root),
                dry_run=False,
                monitor=monitor,
                engine=MockEngine(None),
            )
        )
        set_root_resource(None)  # type: ignore[arg-type]  # none yet: the run makes its own
        pulumi.runtime.set_all_config(
            {f"govcloud:{key}": value for key, value in config.items()},
            [f"govcloud:{key}" for key, value in config.items() if isinstance(value, Encrypted)],
        )
        await pulumi.runtime.run_in_stack(lambda: _ignore(program()))

    error: BaseException | None = None
    try:
        asyncio.run(run())
    except Exception as raised:  # noqa: BLE001  # the caller judges it
        error = raised
    mine = (registered for registered in monitor.registered if registered.type != STACK)
    return Recording(registered=tuple(mine), outputs=monitor.outputs, error=error)


def wire(value: Any) -> Any:
    """Return plain data as it is on the wire: every number is a double there."""
    if isinstance(value, Mapping):
        return {key: wire(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [wire(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _ignore(_: object) -> None:
    return None
