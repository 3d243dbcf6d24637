# The peer of `check --manifests`: five of its rules (WL-01, WL-05, WL-12, WL-13, WL-14) as a ministry writes them.
package main

import rego.v1

workloads := {"Deployment", "StatefulSet", "DaemonSet", "Job"}

containers contains container if {
	input.kind in workloads
	some field in ["initContainers", "containers"]
	some container in input.spec.template.spec[field]
}

deny contains msg if {
	some container in containers
	object.get(container, ["securityContext", "privileged"], false) != false
	msg := sprintf("%s: %s is privileged", [input.metadata.name, container.name])
}

deny contains msg if {
	some container in containers
	not "ALL" in object.get(container, ["securityContext", "capabilities", "drop"], [])
	msg := sprintf("%s: %s keeps capabilities", [input.metadata.name, container.name])
}

deny contains msg if {
	some container in containers
	some side in ["requests", "limits"]
	some resource in ["cpu", "memory"]
	object.get(container, ["resources", side, resource], "") == ""
	msg := sprintf("%s: %s has no %s of %s", [input.metadata.name, container.name, side, resource])
}

deny contains msg if {
	some container in containers
	not startswith(container.image, "registry.gov.test/")
	msg := sprintf("%s: %s is not from the registry", [input.metadata.name, container.name])
}

deny contains msg if {
	some container in containers
	not regex.match(`@sha256:[0-9a-f]{64}$`, container.image)
	msg := sprintf("%s: %s has no digest", [input.metadata.name, container.name])
}
