// Answers questions about small worlds with cyclonus' matcher: a world a line in, its answers a line out.
//
// The matcher expects policies as the API server stores them, so the server's default of policyTypes is applied here.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	v1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

type peer struct {
	Namespace       string            `json:"namespace"`
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	Labels          map[string]string `json:"labels"`
	IP              string            `json:"ip"`
}

type question struct {
	Source   int    `json:"source"`
	Target   int    `json:"target"`
	Port     int    `json:"port"`
	PortName string `json:"portName"`
	Protocol string `json:"protocol"`
}

type world struct {
	Policies  []*networkingv1.NetworkPolicy `json:"policies"`
	Peers     []peer                        `json:"peers"`
	Questions []question                    `json:"questions"`
}

func defaulted(policy *networkingv1.NetworkPolicy) *networkingv1.NetworkPolicy {
	if len(policy.Spec.PolicyTypes) == 0 {
		policy.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(policy.Spec.Egress) != 0 {
			policy.Spec.PolicyTypes = append(policy.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
	return policy
}

func traffic(one peer) *matcher.TrafficPeer {
	if one.Namespace == "" {
		return &matcher.TrafficPeer{IP: one.IP}
	}
	inside := &matcher.InternalPeer{
		PodLabels: one.Labels, NamespaceLabels: one.NamespaceLabels, Namespace: one.Namespace,
	}
	return &matcher.TrafficPeer{Internal: inside, IP: one.IP}
}

func answers(asked world) []bool {
	for _, policy := range asked.Policies {
		defaulted(policy)
	}
	policies := matcher.BuildNetworkPolicies(false, asked.Policies)
	given := make([]bool, 0, len(asked.Questions))
	for _, q := range asked.Questions {
		result := policies.IsTrafficAllowed(&matcher.Traffic{
			Source:           traffic(asked.Peers[q.Source]),
			Destination:      traffic(asked.Peers[q.Target]),
			ResolvedPort:     q.Port,
			ResolvedPortName: q.PortName,
			Protocol:         v1.Protocol(q.Protocol),
		})
		given = append(given, result.IsAllowed())
	}
	return given
}

func main() {
	input := bufio.NewReader(os.Stdin)
	decoder, encoder := json.NewDecoder(input), json.NewEncoder(os.Stdout)
	for decoder.More() {
		var asked world
		if err := decoder.Decode(&asked); err != nil {
			panic(err)
		}
		if err := encoder.Encode(answers(asked)); err != nil {
			panic(err)
		}
	}
}
