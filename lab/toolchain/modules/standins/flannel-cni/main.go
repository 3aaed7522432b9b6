// Flannel-cni stands in for flannel's CNI plugin, which is not a Go module: it reads the node's subnet, which flanneld
// wrote, makes a configuration for the bridge plugin out of it, and lets that plugin do the work.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	defaultSubnetFile = "/run/flannel/subnet.env"
	stateDir          = "/var/lib/cni/flannel"
	supported         = `{"cniVersion":"1.0.0","supportedVersions":["0.3.0","0.3.1","0.4.0","1.0.0"]}`
)

// netConf is the part of the plugin's configuration that is read here.
type netConf struct {
	CNIVersion string         `json:"cniVersion"`
	Name       string         `json:"name"`
	SubnetFile string         `json:"subnetFile"`
	Delegate   map[string]any `json:"delegate"`
}

// subnet is what flanneld says about the node.
type subnet struct {
	network, subnet string
	mtu             int
	masquerades     bool
}

func main() {
	if err := run(os.Getenv("CNI_COMMAND"), os.Getenv("CNI_CONTAINERID"), os.Stdin, os.Stdout); err != nil {
		json.NewEncoder(os.Stdout).Encode(map[string]any{"cniVersion": "1.0.0", "code": 999, "msg": err.Error()})
		os.Exit(1)
	}
}

func run(command, container string, in io.Reader, out io.Writer) error {
	if command == "VERSION" {
		_, err := fmt.Fprintln(out, supported)
		return err
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	if command == "DEL" {
		return remove(container, out)
	}
	var conf netConf
	if err := json.Unmarshal(text, &conf); err != nil {
		return fmt.Errorf("the configuration is not JSON: %w", err)
	}
	file := conf.SubnetFile
	if file == "" {
		file = defaultSubnetFile
	}
	env, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("flanneld has not written this node's subnet yet: %w", err)
	}
	node, err := parseSubnet(string(env))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	delegate, err := json.Marshal(delegateConf(conf, node))
	if err != nil {
		return err
	}
	if command == "ADD" {
		if err := remember(container, delegate); err != nil {
			return err
		}
	}
	return invoke(delegate, out)
}

func parseSubnet(env string) (subnet, error) {
	values := map[string]string{}
	for _, line := range strings.Split(env, "\n") {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[key] = value
		}
	}
	mtu, err := strconv.Atoi(values["FLANNEL_MTU"])
	if err != nil || values["FLANNEL_NETWORK"] == "" || values["FLANNEL_SUBNET"] == "" {
		return subnet{}, errors.New("FLANNEL_NETWORK, FLANNEL_SUBNET or FLANNEL_MTU is missing")
	}
	// flanneld writes the gateway's address with the length of the network; host-local wants the network.
	node, err := netip.ParsePrefix(values["FLANNEL_SUBNET"])
	if err != nil {
		return subnet{}, err
	}
	return subnet{values["FLANNEL_NETWORK"], node.Masked().String(), mtu, values["FLANNEL_IPMASQ"] == "true"}, nil
}

// delegateConf fills in what the configuration leaves to flannel.
func delegateConf(conf netConf, node subnet) map[string]any {
	result := map[string]any{
		"type": "bridge", "isGateway": true, "mtu": node.mtu,
		// One of the two masquerades, not both.
		"ipMasq": !node.masquerades,
	}
	for key, value := range conf.Delegate {
		result[key] = value
	}
	result["name"] = conf.Name
	result["cniVersion"] = conf.CNIVersion
	result["ipam"] = map[string]any{
		"type":   "host-local",
		"ranges": [][]map[string]string{{{"subnet": node.subnet}}},
		"routes": []map[string]string{{"dst": node.network}},
	}
	return result
}

func remember(container string, delegate []byte) error {
	if err := os.MkdirAll(stateDir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(stateDir, container), delegate, 0o600)
}

// remove undoes with the configuration that was used, and has nothing to do where nothing was done.
func remove(container string, out io.Writer) error {
	file := filepath.Join(stateDir, container)
	delegate, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := invoke(delegate, out); err != nil {
		return err
	}
	return os.Remove(file)
}

func invoke(delegate []byte, out io.Writer) error {
	var conf struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(delegate, &conf); err != nil {
		return err
	}
	for _, dir := range filepath.SplitList(os.Getenv("CNI_PATH")) {
		plugin := filepath.Join(dir, filepath.Base(conf.Type))
		if _, err := os.Stat(plugin); err != nil {
			continue
		}
		cmd := exec.Command(plugin)
		cmd.Stdin = strings.NewReader(string(delegate))
		answer, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", conf.Type, err, strings.TrimSpace(string(answer)))
		}
		_, err = out.Write(answer)
		return err
	}
	return fmt.Errorf("there is no plugin %q in CNI_PATH", conf.Type)
}
