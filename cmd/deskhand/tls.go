package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// certificateLook is how often the files of a certificate are looked at: a renewed one is in use after that.
const certificateLook = 10 * time.Second

// tlsSettings make the service speak https itself, where no proxy does.
type tlsSettings struct {
	TLSCert string `env:"DESKHAND_TLS_CERT" group:"TLS" help:"Certificate chain in PEM: serve https. A renewed file is taken into use without a restart. Default: http, behind a proxy." name:"tls-cert" placeholder:"FILE" type:"path"`
	TLSKey  string `env:"DESKHAND_TLS_KEY" group:"TLS" help:"File with its private key." name:"tls-key" placeholder:"FILE" type:"path"`
}

// check reports the first setting that cannot work.
func (s tlsSettings) check() error {
	switch {
	case s.TLSCert == "" && s.TLSKey == "":
		return nil
	case s.TLSKey == "":
		return fmt.Errorf("%w: --tls-cert needs --tls-key", errConfig)
	case s.TLSCert == "":
		return fmt.Errorf("%w: --tls-key needs --tls-cert", errConfig)
	}
	if _, err := loadCertificate(s); err != nil {
		return fmt.Errorf("%w: --tls-cert and --tls-key: %w", errConfig, err)
	}
	return nil
}

// checkAddress reports a public address that the certificate contradicts.
func (s tlsSettings) checkAddress(public string) error {
	if s.TLSCert != "" && strings.HasPrefix(public, "http://") {
		return fmt.Errorf("%w: --public-url begins with http:// and --tls-cert serves https: write https://", errConfig)
	}
	return nil
}

// scheme is what the service speaks.
func (s tlsSettings) scheme() string {
	if s.TLSCert == "" {
		return "http"
	}
	return "https"
}

// wrap makes a listener speak TLS, if there is a certificate.
func (s tlsSettings) wrap(listener net.Listener, a *app) (net.Listener, error) {
	if s.TLSCert == "" {
		return listener, nil
	}
	warnOfOpenSecrets(a.logger, []secretFile{{flag: "tls-key", path: s.TLSKey}})
	c, err := newCertificate(s, a)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: --tls-cert and --tls-key: %w", errConfig, err), listener.Close())
	}
	return tls.NewListener(listener, &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12}), nil
}

// certificate is the certificate in use. It follows its files: one that cannot be read keeps the one before in use.
type certificate struct {
	clock    func() time.Time
	logger   *slog.Logger
	settings tlsSettings

	mu      sync.Mutex
	changed [2]time.Time // of the files, when they were read
	current *tls.Certificate
	looked  time.Time
}

func newCertificate(settings tlsSettings, a *app) (*certificate, error) {
	c := &certificate{clock: a.clock, logger: a.logger, settings: settings, changed: settings.changed(), looked: a.clock()}
	var err error
	c.current, err = loadCertificate(settings)
	return c, err
}

// get is the GetCertificate of a tls.Config.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock()
	if now.Sub(c.looked) < certificateLook {
		return c.current, nil
	}
	c.looked = now
	changed := c.settings.changed()
	if changed == c.changed {
		return c.current, nil
	}
	// Between the writing of the two files they do not belong together: then the next look tries again.
	renewed, err := loadCertificate(c.settings)
	if err != nil {
		c.logger.Warn("renewed certificate not usable: the one before stays in use", slog.Any("error", err))
		return c.current, nil
	}
	c.current, c.changed = renewed, changed
	c.logger.Info("renewed certificate in use", slog.Time("not_after", renewed.Leaf.NotAfter))
	return c.current, nil
}

// changed are the times at which the two files were changed; zero for one that is not there.
func (s tlsSettings) changed() [2]time.Time {
	var times [2]time.Time
	for i, path := range []string{s.TLSCert, s.TLSKey} {
		if info, err := os.Stat(path); err == nil {
			times[i] = info.ModTime()
		}
	}
	return times
}

// loadCertificate returns a certificate with its key. An error says which file, and nothing of what stands in it.
func loadCertificate(s tlsSettings) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("read %s and %s: %w", s.TLSCert, s.TLSKey, err)
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, fmt.Errorf("read %s: %w", s.TLSCert, err)
		}
	}
	return &pair, nil
}
