// Package tls makes private keys, certificate requests and certificates.
package tls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// The types of the PEM blocks that are written and read.
const (
	pemPKCS1       = "RSA PRIVATE KEY"
	pemEC          = "EC PRIVATE KEY"
	pemPKCS8       = "PRIVATE KEY"
	pemPublicKey   = "PUBLIC KEY"
	pemCertificate = "CERTIFICATE"
	pemRequest     = "CERTIFICATE REQUEST"
)

// The algorithms of private keys.
const (
	algorithmRSA     = "RSA"
	algorithmECDSA   = "ECDSA"
	algorithmED25519 = "ED25519"
)

var algorithms = []string{algorithmRSA, algorithmECDSA, algorithmED25519}

var curves = map[string]elliptic.Curve{
	"P224": elliptic.P224(),
	"P256": elliptic.P256(),
	"P384": elliptic.P384(),
	"P521": elliptic.P521(),
}

// generate makes a private key; the size counts for RSA and the curve for ECDSA only.
func generate(algorithm string, rsaBits int, curve string) (crypto.Signer, error) {
	switch algorithm {
	case algorithmRSA:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case algorithmECDSA:
		return ecdsa.GenerateKey(curves[curve], rand.Reader)
	case algorithmED25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return nil, fmt.Errorf("key algorithm %q is not supported", algorithm)
}

// traditional returns a key in the notation of its algorithm: PKCS #1, SEC 1, and PKCS #8 for Ed25519, which has none.
func traditional(key crypto.Signer) (string, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return block(pemPKCS1, x509.MarshalPKCS1PrivateKey(key)), nil
	case *ecdsa.PrivateKey:
		der, err := x509.MarshalECPrivateKey(key)
		return block(pemEC, der), err
	}
	return pkcs8(key)
}

func pkcs8(key crypto.Signer) (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return block(pemPKCS8, der), err
}

// parseKey reads a private key in PEM and tells its algorithm. What was read is in no error text.
func parseKey(text string) (crypto.Signer, string, error) {
	decoded, _ := pem.Decode([]byte(text))
	if decoded == nil {
		return nil, "", fmt.Errorf("failed to decode PEM block of a private key")
	}
	var key any
	var err error
	switch decoded.Type {
	case pemPKCS1:
		key, err = x509.ParsePKCS1PrivateKey(decoded.Bytes)
	case pemEC:
		key, err = x509.ParseECPrivateKey(decoded.Bytes)
	case pemPKCS8:
		key, err = x509.ParsePKCS8PrivateKey(decoded.Bytes)
	default:
		err = fmt.Errorf("unsupported PEM preamble/type: %s", decoded.Type)
	}
	if err != nil {
		return nil, "", err
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return key, algorithmRSA, nil
	case *ecdsa.PrivateKey:
		return key, algorithmECDSA, nil
	case ed25519.PrivateKey:
		return key, algorithmED25519, nil
	}
	return nil, "", fmt.Errorf("unsupported private key type: %T", key)
}

// parseBlock returns the content of a PEM block of one type.
func parseBlock(text, want string) ([]byte, error) {
	decoded, _ := pem.Decode([]byte(text))
	if decoded == nil {
		return nil, fmt.Errorf("failed to decode PEM of expected type %q from bytes", want)
	}
	if decoded.Type != want {
		return nil, fmt.Errorf("invalid PEM type - expected %q, got %q", want, decoded.Type)
	}
	return decoded.Bytes, nil
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
