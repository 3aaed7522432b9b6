package tls

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"net/url"

	"github.com/pulumi/pulumi-go-provider/infer"

	"fjord.lab/toolchain/pulumi/internal/settings"
)

// oidEmailAddress is the object identifier of the attribute emailAddress (RFC 2985).
var oidEmailAddress = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}

// Subject is a distinguished name.
type Subject struct {
	CommonName         *string  `pulumi:"commonName,optional"`
	Country            *string  `pulumi:"country,optional"`
	EmailAddress       *string  `pulumi:"emailAddress,optional"`
	Locality           *string  `pulumi:"locality,optional"`
	Organization       *string  `pulumi:"organization,optional"`
	OrganizationalUnit *string  `pulumi:"organizationalUnit,optional"`
	PostalCode         *string  `pulumi:"postalCode,optional"`
	Province           *string  `pulumi:"province,optional"`
	SerialNumber       *string  `pulumi:"serialNumber,optional"`
	StreetAddresses    []string `pulumi:"streetAddresses,optional"`
}

// SelfSignedCertSubject is the subject of a SelfSignedCert.
type SelfSignedCertSubject struct{ Subject }

// Annotate names the type.
func (s *SelfSignedCertSubject) Annotate(a infer.Annotator) {
	a.SetToken("index/SelfSignedCertSubject", "SelfSignedCertSubject")
}

// CertRequestSubject is the subject of a CertRequest.
type CertRequestSubject struct{ Subject }

// Annotate names the type.
func (s *CertRequestSubject) Annotate(a infer.Annotator) {
	a.SetToken("index/CertRequestSubject", "CertRequestSubject")
}

func (s *Subject) name() pkix.Name {
	one := func(value *string) []string {
		if value == nil {
			return nil
		}
		return []string{*value}
	}
	name := pkix.Name{
		CommonName:         settings.Or(s.CommonName, ""),
		SerialNumber:       settings.Or(s.SerialNumber, ""),
		Country:            one(s.Country),
		Locality:           one(s.Locality),
		Organization:       one(s.Organization),
		OrganizationalUnit: one(s.OrganizationalUnit),
		PostalCode:         one(s.PostalCode),
		Province:           one(s.Province),
		StreetAddress:      s.StreetAddresses,
	}
	if s.EmailAddress != nil {
		value := asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(*s.EmailAddress)}
		name.ExtraNames = []pkix.AttributeTypeAndValue{{Type: oidEmailAddress, Value: value}}
	}
	return name
}

// Names are what else a certificate stands for.
type Names struct {
	DNSNames    []string `pulumi:"dnsNames,optional"`
	IPAddresses []string `pulumi:"ipAddresses,optional"`
	URIs        []string `pulumi:"uris,optional"`
}

func (n *Names) parse() ([]net.IP, []*url.URL, error) {
	var addresses []net.IP
	for _, text := range n.IPAddresses {
		address := net.ParseIP(text)
		if address == nil {
			return nil, nil, fmt.Errorf("invalid IP address: failed to parse %q", text)
		}
		addresses = append(addresses, address)
	}
	var uris []*url.URL
	for _, text := range n.URIs {
		uri, err := url.Parse(text)
		if err != nil {
			return nil, nil, fmt.Errorf("invalid URI: failed to parse %q: %w", text, err)
		}
		uris = append(uris, uri)
	}
	return addresses, uris, nil
}
