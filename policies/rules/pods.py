"""WL-01, 02, 04 to 10: what Pod Security admission refuses, exactly as `restricted` of Kubernetes 1.36 has it.

WL-03 is in `volumes`. The API server refuses pods only, and warns of templates; here a template is judged like the pod
that it makes.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from components.estate.finding import Words
from policies.rules.containers import Found, Path, Pod, inside, judging, only, stated
from policies.rules.reading import WORKLOADS, at, items, mapping, text
from policies.rules.rule import Mark, Object, Rule

_CONTEXT: Final = "securityContext"
_POD_CONTEXT: Final[Path] = ("spec", _CONTEXT)
_ROOT: Final = 0

_SYSCTLS: Final = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
)
_SELINUX_TYPES: Final = (None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_PROFILES: Final = ("RuntimeDefault", "Localhost")
_APPARMOR_ANNOTATION: Final = "container.apparmor.security.beta.kubernetes.io/"


def _not_privileged(container: Object, _pod: Pod) -> Iterator[Found]:
    yield from only(container, (_CONTEXT, "privileged"), (None, False))


def _no_host_namespaces(pod: Pod) -> Iterator[Found]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        yield from only(pod.template, ("spec", field), (None, False))


def _no_host_ports(container: Object, _pod: Pod) -> Iterator[Found]:
    for index, port in enumerate(items(container, "ports")):
        yield from inside(("ports", index), only(port, ("hostPort",), (None, 0)))


def _no_capabilities(container: Object, pod: Pod) -> Iterator[Found]:
    if pod.is_windows:
        return
    path = (_CONTEXT, "capabilities")
    if "ALL" not in items(container, *path, "drop"):
        yield Found((*path, "drop"), Words("ALL is not dropped", "ALL کنار گذاشته نشده است"))
    for index, added in enumerate(items(container, *path, "add")):
        if added != "NET_BIND_SERVICE":
            yield Found((*path, "add", index), Words(f"{added} is added", f"{added} افزوده شده است"))


def _no_escalation(container: Object, pod: Pod) -> Iterator[Found]:
    if not pod.is_windows:
        yield from only(container, (_CONTEXT, "allowPrivilegeEscalation"), (False,))


def _has_own_users(pod: Pod) -> bool:
    return at(pod.spec, "hostUsers") is False


def _pod_not_root(pod: Pod) -> Iterator[Found]:
    if not _has_own_users(pod):
        yield from only(pod.template, (*_POD_CONTEXT, "runAsNonRoot"), (None, True))
        yield from _user(pod.template, (*_POD_CONTEXT, "runAsUser"))


def _container_not_root(container: Object, pod: Pod) -> Iterator[Found]:
    if not _has_own_users(pod):
        inherited = (None,) if at(pod.template, *_POD_CONTEXT, "runAsNonRoot") is True else ()
        yield from only(container, (_CONTEXT, "runAsNonRoot"), (True, *inherited))
        yield from _user(container, (_CONTEXT, "runAsUser"))


def _user(node: Object, path: Path) -> Iterator[Found]:
    user = at(node, *path)
    if user is not None and (not isinstance(user, int) or user == _ROOT):
        yield Found(path, stated("runAsUser", user))


def _pod_seccomp(pod: Pod) -> Iterator[Found]:
    path = (*_POD_CONTEXT, "seccompProfile")
    if at(pod.template, *path) is not None and not pod.is_windows:
        yield from only(pod.template, (*path, "type"), _PROFILES)


def _container_seccomp(container: Object, pod: Pod) -> Iterator[Found]:
    path = (_CONTEXT, "seccompProfile")
    inherits = at(container, *path) is None and text(pod.template, *_POD_CONTEXT, "seccompProfile", "type") in _PROFILES
    if not inherits and not pod.is_windows:
        yield from only(container, (*path, "type"), _PROFILES)


def _pod_defaults(pod: Pod) -> Iterator[Found]:
    yield from inside(_POD_CONTEXT, _context_defaults(mapping(pod.template, *_POD_CONTEXT)))
    for index, sysctl in enumerate(items(pod.template, *_POD_CONTEXT, "sysctls")):
        yield from inside((*_POD_CONTEXT, "sysctls", index), only(sysctl, ("name",), _SYSCTLS))
    for key, value in mapping(pod.template, "metadata", "annotations").items():
        if str(key).startswith(_APPARMOR_ANNOTATION) and not _is_apparmor_profile(value):
            yield Found(("metadata", "annotations", key), stated(key, value))


def _container_defaults(container: Object, _pod: Pod) -> Iterator[Found]:
    yield from inside((_CONTEXT,), _context_defaults(mapping(container, _CONTEXT)))
    yield from only(container, (_CONTEXT, "procMount"), (None, "Default"))


def _context_defaults(context: Object) -> Iterator[Found]:
    if at(context, "appArmorProfile") is not None:
        yield from only(context, ("appArmorProfile", "type"), _PROFILES)
    yield from only(context, ("seLinuxOptions", "type"), _SELINUX_TYPES)
    yield from only(context, ("seLinuxOptions", "user"), (None, ""))
    yield from only(context, ("seLinuxOptions", "role"), (None, ""))
    yield from only(context, ("windowsOptions", "hostProcess"), (None, False))


def _is_apparmor_profile(value: object) -> bool:
    return value in (None, "", "runtime/default") or (isinstance(value, str) and value.startswith("localhost/"))


def _no_hosts(container: Object, _pod: Pod) -> Iterator[Found]:
    probes = [(probe,) for probe in ("livenessProbe", "readinessProbe", "startupProbe")]
    hooks = [("lifecycle", hook) for hook in ("postStart", "preStop")]
    for place in (*probes, *hooks):
        for handler in ("httpGet", "tcpSocket"):
            yield from only(container, (*place, handler, "host"), (None, ""))


_workload = partial(Rule, marks=frozenset({Mark.TENANT}), kinds=WORKLOADS)

RULES: Final = (
    _workload(
        id="WL-01",
        name="workload-not-privileged",
        title=Words("No container is privileged", "هیچ کانتینری privileged نیست"),
        controls=(
            "Pod Security Standards: baseline, Privileged Containers",
            "CIS Kubernetes Benchmark 5.2.2",
            "checkov CKV_K8S_16",
            "trivy KSV-0017",
            "kubescape C-0057",
        ),
        remedy=Words("remove securityContext.privileged", "securityContext.privileged را بردارید"),
        check=judging(container=_not_privileged),
    ),
    _workload(
        id="WL-02",
        name="workload-no-host-namespaces",
        title=Words(
            "No pod shares the network, the processes or the IPC of its node",
            "هیچ پادی شبکه، فرایندها یا IPC گره را شریک نمی‌شود",
        ),
        controls=(
            "Pod Security Standards: baseline, Host Namespaces",
            "CIS Kubernetes Benchmark 5.2.3 to 5.2.5",
            "checkov CKV_K8S_17, 18, 19",
            "trivy KSV-0008, 0009, 0010",
            "kubescape C-0038, C-0041",
        ),
        remedy=Words("remove hostNetwork, hostPID and hostIPC", "hostNetwork و hostPID و hostIPC را بردارید"),
        check=judging(pod=_no_host_namespaces),
    ),
    _workload(
        id="WL-04",
        name="workload-no-host-ports",
        title=Words("No container opens a port of its node", "هیچ کانتینری درگاهی از گره را باز نمی‌کند"),
        controls=(
            "Pod Security Standards: baseline, Host Ports",
            "checkov CKV_K8S_26",
            "trivy KSV-0024",
            "kubescape C-0044",
        ),
        remedy=Words("remove hostPort; a Service finds the pod", "hostPort را بردارید؛ Service پاد را پیدا می‌کند"),
        check=judging(container=_no_host_ports),
    ),
    _workload(
        id="WL-05",
        name="workload-capabilities-dropped",
        title=Words(
            "Every container drops all capabilities and adds none but NET_BIND_SERVICE",
            "هر کانتینر همهٔ قابلیت‌ها را کنار می‌گذارد و جز NET_BIND_SERVICE چیزی نمی‌افزاید",
        ),
        controls=(
            "Pod Security Standards: restricted, Capabilities",
            "checkov CKV_K8S_28, 37",
            "trivy KSV-0003, 0106",
            "kubescape C-0046",
        ),
        remedy=Words(
            'set securityContext.capabilities to {drop: ["ALL"]}',
            'securityContext.capabilities را {drop: ["ALL"]} بگذارید',
        ),
        check=judging(container=_no_capabilities),
    ),
    _workload(
        id="WL-06",
        name="workload-no-privilege-escalation",
        title=Words(
            "No process of a container gains more rights than its parent",
            "هیچ فرایندی در کانتینر بیش از پدرش دسترسی نمی‌گیرد",
        ),
        controls=(
            "Pod Security Standards: restricted, Privilege Escalation",
            "checkov CKV_K8S_20",
            "trivy KSV-0001",
            "kubescape C-0016",
        ),
        remedy=Words(
            "set securityContext.allowPrivilegeEscalation to false",
            "securityContext.allowPrivilegeEscalation را false بگذارید",
        ),
        check=judging(container=_no_escalation),
    ),
    _workload(
        id="WL-07",
        name="workload-not-root",
        title=Words("No container runs as root", "هیچ کانتینری با کاربر root اجرا نمی‌شود"),
        controls=(
            "Pod Security Standards: restricted, Running as Non-root",
            "checkov CKV_K8S_23, 40",
            "trivy KSV-0012, 0105",
            "kubescape C-0013",
        ),
        remedy=Words(
            "set securityContext.runAsNonRoot to true, of the pod or of each container, and no runAsUser of 0",
            "securityContext.runAsNonRoot را برای پاد یا هر کانتینر true بگذارید و runAsUser را 0 نگذارید",
        ),
        check=judging(pod=_pod_not_root, container=_container_not_root),
    ),
    _workload(
        id="WL-08",
        name="workload-seccomp",
        title=Words("Every container runs under a seccomp profile", "هر کانتینر زیر یک نمایهٔ seccomp اجرا می‌شود"),
        controls=(
            "Pod Security Standards: restricted, Seccomp",
            "CIS Kubernetes Benchmark 5.7.2",
            "checkov CKV_K8S_31",
            "trivy KSV-0030, 0104",
        ),
        remedy=Words(
            "set securityContext.seccompProfile.type to RuntimeDefault, of the pod or of each container",
            "securityContext.seccompProfile.type را برای پاد یا هر کانتینر RuntimeDefault بگذارید",
        ),
        check=judging(pod=_pod_seccomp, container=_container_seccomp),
    ),
    _workload(
        id="WL-09",
        name="workload-kernel-defaults",
        title=Words(
            "AppArmor, SELinux, /proc, sysctls and Windows host processes stay as the runtime sets them",
            "تنظیم‌های AppArmor، SELinux، sysctl و فرایندهای میزبان ویندوز همان پیش‌فرض محیط اجراست",
        ),
        controls=(
            "Pod Security Standards: restricted, AppArmor, SELinux, /proc Mount Type, Sysctls, HostProcess",
            "trivy KSV-0002, 0025 to 0027, 0103",
        ),
        remedy=Words(
            "remove the setting; allowed are AppArmor RuntimeDefault or Localhost, SELinux types of containers "
            "without user and role, procMount Default, the safe sysctls, and no hostProcess",
            "این تنظیم را بردارید؛ مجازند: AppArmor با RuntimeDefault یا Localhost، نوع‌های SELinux ویژهٔ کانتینر "
            "بی user و role، procMount برابر Default، sysctlهای امن، و بدون hostProcess",
        ),
        check=judging(pod=_pod_defaults, container=_container_defaults),
    ),
    _workload(
        id="WL-10",
        name="workload-probes-own-pod",
        title=Words(
            "Probes and hooks call the container itself, no other host",
            "کاوش‌ها و قلاب‌ها خود کانتینر را صدا می‌زنند، نه میزبان دیگری را",
        ),
        controls=(
            "Pod Security Standards: baseline, Host Probes / Lifecycle Hooks (1.34)",
            "gatekeeper host-probes-lifecycle",
        ),
        remedy=Words("remove host from the probe or hook", "host را از کاوش یا قلاب بردارید"),
        check=judging(container=_no_hosts),
    ),
)
