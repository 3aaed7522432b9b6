package main

// The fields of Kubernetes objects that are read.

type metadata struct {
	Namespace         string            `json:"namespace"`
	Name              string            `json:"name"`
	UID               string            `json:"uid"`
	CreationTimestamp string            `json:"creationTimestamp"`
	Annotations       map[string]string `json:"annotations"`
	Labels            map[string]string `json:"labels"`
}

func (m metadata) key() string { return m.Namespace + "/" + m.Name }

type servicePort struct {
	Name   string `json:"name"`
	Number int    `json:"number"`
}

type backend struct {
	Service *struct {
		Name string      `json:"name"`
		Port servicePort `json:"port"`
	} `json:"service"`
}

type ingressPath struct {
	Path     string  `json:"path"`
	PathType string  `json:"pathType"`
	Backend  backend `json:"backend"`
}

type ingressRule struct {
	Host string `json:"host"`
	HTTP *struct {
		Paths []ingressPath `json:"paths"`
	} `json:"http"`
}

type address struct {
	IP       string `json:"ip,omitempty"`
	Hostname string `json:"hostname,omitempty"`
}

type ingress struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		IngressClassName string        `json:"ingressClassName"`
		Rules            []ingressRule `json:"rules"`
		TLS              []struct{}    `json:"tls"`
	} `json:"spec"`
	Status struct {
		LoadBalancer struct {
			Ingress []address `json:"ingress"`
		} `json:"loadBalancer"`
	} `json:"status"`
}

type port struct {
	Name string `json:"name"`
	Port int    `json:"port"`
}

type service struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		Ports []port `json:"ports"`
	} `json:"spec"`
}

type endpointSlice struct {
	Metadata  metadata `json:"metadata"`
	Endpoints []struct {
		Addresses  []string `json:"addresses"`
		Conditions struct {
			Ready *bool `json:"ready"`
		} `json:"conditions"`
	} `json:"endpoints"`
	Ports []port `json:"ports"`
}

func (s endpointSlice) service() string {
	return s.Metadata.Namespace + "/" + s.Metadata.Labels["kubernetes.io/service-name"]
}

type configMap struct {
	Metadata metadata          `json:"metadata"`
	Data     map[string]string `json:"data"`
}
