package main

import (
	"encoding/json"
	"strings"
	"testing"
)

const env = "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n"

func TestDelegateConf(t *testing.T) {
	node, err := parseSubnet(env)
	if err != nil {
		t.Fatal(err)
	}
	conf := netConf{CNIVersion: "1.0.0", Name: "cbr0", Delegate: map[string]any{"hairpinMode": true, "isDefaultGateway": true}}
	got, err := json.Marshal(delegateConf(conf, node))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"cniVersion":"1.0.0","hairpinMode":true,"ipMasq":false,"ipam":{"ranges":[[{"subnet":"10.244.1.0/24"}]],` +
		`"routes":[{"dst":"10.244.0.0/16"}],"type":"host-local"},"isDefaultGateway":true,"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestMasqueradesWhereFlanneldDoesNot(t *testing.T) {
	node, err := parseSubnet(strings.Replace(env, "IPMASQ=true", "IPMASQ=false", 1))
	if err != nil {
		t.Fatal(err)
	}
	if got := delegateConf(netConf{}, node)["ipMasq"]; got != true {
		t.Errorf("ipMasq is %v", got)
	}
}

func TestSubnetWithoutMTU(t *testing.T) {
	if _, err := parseSubnet("FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\n"); err == nil {
		t.Error("a file without an MTU was taken")
	}
}

func TestSubnetThatIsNone(t *testing.T) {
	if _, err := parseSubnet(strings.Replace(env, "10.244.1.1/24", "10.244.1.1", 1)); err == nil {
		t.Error("an address without a length was taken")
	}
}

func TestDeleteOfWhatIsNotThere(t *testing.T) {
	if err := run("DEL", "a-container-that-never-was", strings.NewReader("{}"), &strings.Builder{}); err != nil {
		t.Error(err)
	}
}
