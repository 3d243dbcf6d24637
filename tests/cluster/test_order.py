from pathlib import Path

import pytest

from components.estate.estate import Estate
from components.manifests.kinds import Order, order_of
from components.manifests.manifest import identity
from scripts.cluster import address
from scripts.cluster.apply import apply
from tests.cluster.conftest import renamed
from tests.cluster.scripted_server import SLOW_SECONDS, Reply, ScriptedServer


@pytest.mark.parametrize(
    ("slow", "step"),
    [
        ("/namespaces/t-order-production?", Order.NAMESPACE),
        ("/default-deny", Order.DEFAULT_DENY),
        ("/limitranges/", Order.REST),
        ("/listenersets/", Order.REST),
        ("/securitypolicies/", Order.REST),
        ("/httproutes/", Order.ROUTE),
    ],
)
def test_a_step_begins_when_the_one_before_is_complete(
    server: ScriptedServer, tmp_path: Path, estate: Estate, slow: str, step: Order
) -> None:
    declared = renamed(estate, "irica", "t-order")
    connection = server.connect(tmp_path)
    server.say(Reply(body={"metadata": {"resourceVersion": "1"}, "items": []}))
    server.slow.append(slow)
    apply(connection, [declared])
    arrived = {r.path.partition("?")[0]: r.arrived for r in server.requests if r.method == "PATCH"}
    steps = {address.path(identity(m)): order_of(m) for m in declared.manifests}
    assert arrived.keys() == steps.keys()
    slowest = max(time for path, time in arrived.items() if slow in f"{path}?")
    later = [time for path, time in arrived.items() if steps[path] > step]
    assert min(later) >= slowest + SLOW_SECONDS
