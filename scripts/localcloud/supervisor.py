"""Keeps components running and remembers their ports and processes; knows nothing of what they are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from scripts.localcloud import process, state
from scripts.localcloud.errors import StartError
from scripts.localcloud.files import Progress, make_private
from scripts.localcloud.process import Component, Process
from scripts.localcloud.state import State

ATTEMPTS = 3
Plan = Callable[[Mapping[str, int]], Sequence[Component]]


class Supervisor:
    """The processes of one directory."""

    def __init__(self, directory: Path, progress: Progress) -> None:
        """Remember where the record lies."""
        self._directory = directory
        self._file = directory / "state.json"
        self._progress = progress

    def start(self, owners: Mapping[str, str], plan: Plan, *, together: bool = False) -> None:
        """Start what does not run and wait until all serve; restart all if one runs with other settings.

        Args:
            owners: The component that listens on each port, under the port's name.
            plan: Makes the components, in the order in which they start, from their ports.
            together: Start them all before waiting for the first: none needs another to start.

        Raises:
            StartError: One does not come up.
        """
        for attempt in range(ATTEMPTS):
            components = plan(self._choose_ports(owners))
            if any(self._is_outdated(component) for component in components):
                self.stop(component.name for component in reversed(components))
            try:
                for component in components if together else ():
                    self._process(component)
                for component in components:
                    process.wait_ready(component, self._process(component))
            except StartError:  # somebody may have taken a port between our look and the program's own
                if attempt + 1 == ATTEMPTS or not self._robbed(owners):
                    raise
            else:
                return

    def stop(self, names: Iterable[str]) -> None:
        """Stop these components, one after the other."""
        for name in names:
            for running in self.find(name):
                self._progress(f"stopping {name}")
                process.stop(running)
            remembered = self.remembered()
            processes = {key: value for key, value in remembered.processes.items() if key != name}
            self._save(msgspec.structs.replace(remembered, processes=processes))

    def find(self, name: str) -> list[Process]:
        """Return what runs as this component: the process on record, else any that the record lost."""
        recorded = self.remembered().processes.get(name)
        if recorded and process.is_alive(recorded):
            return [recorded]
        return list(process.strays(self._mark(name)))

    def remembered(self) -> State:
        """Read the record; a broken one is as none, for what runs is found without it."""
        return state.load(self._file) or State()

    def _process(self, component: Component) -> Process:
        for running in self.find(component.name):
            return running
        self._progress(f"starting {component.name} on port {component.ports[0]}")
        make_private(component.log.parent)
        started = process.spawn(component, self._mark(component.name))
        remembered = self.remembered()
        processes = {**remembered.processes, component.name: started}
        self._save(msgspec.structs.replace(remembered, processes=processes))
        return started

    def _is_outdated(self, component: Component) -> bool:
        return any(running.fingerprint != component.fingerprint for running in self.find(component.name))

    def _choose_ports(self, owners: Mapping[str, str]) -> dict[str, int]:
        """Keep the ports of old unless somebody else took one meanwhile."""
        remembered, robbed = self.remembered(), self._robbed(owners)
        offers = state.free_ports(self._directory)
        ports = {name: port for name, port in remembered.ports.items() if name not in robbed}
        for name in owners:
            if name not in ports:
                ports[name] = next(offer for offer in offers if offer not in ports.values())
        self._save(msgspec.structs.replace(remembered, ports=ports))
        return ports

    def _robbed(self, owners: Mapping[str, str]) -> set[str]:
        ports = self.remembered().ports
        return {n for n, owner in owners.items() if n in ports and not state.is_free(ports[n]) and not self.find(owner)}

    def _mark(self, name: str) -> str:
        return f"{self._directory}:{name}"

    def _save(self, remembered: State) -> None:
        state.save(self._file, remembered)
