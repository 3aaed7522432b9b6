package tls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// serialBits is the size of a certificate's serial number.
const serialBits = 128

// issue signs a certificate from a template, which carries the subject and its names, and returns it with its serial
// number. A nil parent makes it its own authority.
func (t *Terms) issue(
	template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer,
) (Issued, string, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits))
	if err != nil {
		return Issued{}, "", err
	}
	template.SerialNumber = serial
	template.NotBefore = now()
	template.NotAfter = template.NotBefore.Add(time.Duration(t.ValidityPeriodHours) * time.Hour)
	template.BasicConstraintsValid = true
	template.IsCA = t.IsCaCertificate
	allow(template, t.AllowedUses)
	if t.MaxPathLength != nil && *t.MaxPathLength >= 0 {
		template.MaxPathLen = *t.MaxPathLength
	}
	if t.IsCaCertificate && len(template.Subject.ToRDNSequence()) == 0 {
		return Issued{}, "", errors.New("invalid certificate subject: " +
			"must contain at least one Distinguished Name when creating Certificate Authority (CA)")
	}
	if t.IsCaCertificate || t.SetSubjectKeyID {
		if template.SubjectKeyId, err = subjectKeyID(public); err != nil {
			return Issued{}, "", err
		}
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return Issued{}, "", fmt.Errorf("failed to create certificate: %w", err)
	}
	return Issued{
		CertPem:           block(pemCertificate, der),
		ReadyForRenewal:   t.neverFresh(),
		ValidityStartTime: template.NotBefore.Format(time.RFC3339Nano),
		ValidityEndTime:   template.NotAfter.Format(time.RFC3339Nano),
	}, serial.String(), nil
}

// subjectKeyID is the SHA-1 hash of the public key's bits, as RFC 5280 proposes.
func subjectKeyID(public crypto.PublicKey) ([]byte, error) {
	var bits []byte
	var err error
	switch key := public.(type) {
	case *rsa.PublicKey:
		bits, err = asn1.Marshal(*key)
	case *ecdsa.PublicKey:
		bits, err = key.Bytes()
	case ed25519.PublicKey:
		bits, err = asn1.Marshal(key)
	default:
		err = fmt.Errorf("unsupported public key type %T", public)
	}
	sum := sha1.Sum(bits)
	return sum[:], err
}
