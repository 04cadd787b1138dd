// Command vault serves a real HashiCorp Vault core on loopback, in memory: KV v1 and v2, token and the auth methods linked in below.
//
// It is the server behind Vault's own HTTP API, linked as a library, because no package registry carries the vault
// binary. Vault is licensed under BUSL-1.1: this program is built for tests alone and is never shipped.
//
// It prints one line of JSON, {"address","token","unseal_key"}, as soon as it answers, and serves until it is killed.
// With -count, GET /counts tells how many requests came since it was last asked, by method, mount and area of the API.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	log "github.com/hashicorp/go-hclog"
	jwt "github.com/hashicorp/vault-plugin-auth-jwt"
	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/builtin/credential/approle"
	aws "github.com/hashicorp/vault/builtin/credential/aws"
	"github.com/hashicorp/vault/builtin/credential/cert"
	"github.com/hashicorp/vault/builtin/credential/ldap"
	"github.com/hashicorp/vault/builtin/credential/userpass"
	"github.com/hashicorp/vault/helper/metricsutil"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

// methods are the ways to log in that are linked in.
var methods = map[string]logical.Factory{
	"approle":    approle.Factory,
	"aws":        aws.Factory,
	"cert":       cert.Factory,
	"jwt":        jwt.Factory,
	"kubernetes": kubernetes.Factory,
	"ldap":       ldap.Factory,
	"userpass":   userpass.Factory,
}

// factory answers nil for what is not linked in.
func factory(name string) logical.Factory {
	if name == "kv" {
		return kv.Factory
	}
	return methods[name]
}

// plugins answers Vault's questions about its built-in engines.
type plugins struct{}

func (plugins) Contains(name string, _ consts.PluginType) bool { return factory(name) != nil }

func (plugins) Get(name string, _ consts.PluginType) (func() (interface{}, error), bool) {
	found := factory(name)
	return func() (interface{}, error) { return found, nil }, found != nil
}

func (plugins) Keys(consts.PluginType) []string {
	return append(slices.Collect(maps.Keys(methods)), "kv")
}

func (plugins) DeprecationStatus(string, consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, true
}

func (plugins) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }

// flags is the command line.
type flags struct {
	listen, certificate, key, clientAuthority string
	untilEOF, count                           bool
}

func parseFlags() flags {
	var f flags
	flag.StringVar(&f.listen, "listen", "127.0.0.1:0", "address to serve on; port 0 takes a free one")
	flag.StringVar(&f.certificate, "tls-cert", "", "PEM certificate; serves https")
	flag.StringVar(&f.key, "tls-key", "", "PEM key of that certificate")
	flag.StringVar(&f.clientAuthority, "client-ca", "", "PEM authority that clients' certificates must be from")
	flag.BoolVar(&f.untilEOF, "until-eof", false, "exit when standard input closes, so that a dying test takes the server along")
	flag.BoolVar(&f.count, "count", false, "count the requests, and tell the counts at /counts")
	flag.Parse()
	return f
}

// newCore starts an unsealed core, and answers its root token and its only unseal key.
func newCore() (*vault.Core, string, string, error) {
	logger := log.New(&log.LoggerOptions{Level: log.Warn, Output: os.Stderr})
	storage, err := inmem.NewInmem(nil, logger)
	if err != nil {
		return nil, "", "", err
	}
	core, err := vault.NewCore(&vault.CoreConfig{
		BuiltinRegistry:      plugins{},
		Physical:             storage,
		DisableMlock:         true,
		Logger:               logger,
		LogicalBackends:      map[string]logical.Factory{"kv": kv.Factory},
		CredentialBackends:   methods,
		MetricsHelper:        metricsutil.NewMetricsHelper(nil, false),
		MetricSink:           metricsutil.BlackholeSink(),
		NumExpirationWorkers: 4,
	})
	if err != nil {
		return nil, "", "", err
	}
	result, err := core.Initialize(context.Background(), &vault.InitParams{
		BarrierConfig: &vault.SealConfig{SecretShares: 1, SecretThreshold: 1},
	})
	if err != nil {
		return nil, "", "", err
	}
	share := result.SecretShares[0]
	// TestCoreUnseal keeps what it is given, and wipes it when the core is sealed: it gets a copy.
	if _, err := vault.TestCoreUnseal(core, append([]byte(nil), share...)); err != nil {
		return nil, "", "", err
	}
	return core, result.RootToken, hex.EncodeToString(share), nil
}

// tlsConfig answers nil where the server is to speak plain http.
func (f flags) tlsConfig() (*tls.Config, error) {
	if f.certificate == "" {
		return nil, nil
	}
	certificate, err := tls.LoadX509KeyPair(f.certificate, f.key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	// As Vault's own listener does: the method cert judges what a client shows.
	config.ClientAuth = tls.RequestClientCert
	if f.clientAuthority == "" {
		return config, nil
	}
	pem, err := os.ReadFile(f.clientAuthority)
	if err != nil {
		return nil, err
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in " + f.clientAuthority)
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	return config, nil
}

// counting counts what next is asked: "POST secret/data" for a path /v1/secret/data/….
func counting(next http.Handler) http.Handler {
	var lock sync.Mutex
	counts := map[string]int{}
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		lock.Lock()
		if request.URL.Path == "/counts" {
			_ = json.NewEncoder(answer).Encode(counts)
			counts = map[string]int{}
			lock.Unlock()
			return
		}
		path := strings.SplitN(strings.TrimPrefix(request.URL.Path, "/v1/"), "/", 3)
		counts[request.Method+" "+strings.Join(path[:min(2, len(path))], "/")]++
		lock.Unlock()
		next.ServeHTTP(answer, request)
	})
}

func serve(f flags) error {
	encryption, err := f.tlsConfig()
	if err != nil {
		return err
	}
	core, token, unsealKey, err := newCore()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return err
	}
	scheme := "http"
	if encryption != nil {
		scheme = "https"
		listener = tls.NewListener(listener, encryption)
	}
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{
		Core:           core,
		ListenerConfig: &configutil.Listener{Type: "tcp", TLSDisable: encryption == nil},
	})
	if f.count {
		handler = counting(handler)
	}
	if f.untilEOF {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
	}
	announcement := map[string]string{
		"address":    scheme + "://" + listener.Addr().String(),
		"token":      token,
		"unseal_key": unsealKey,
	}
	if err := json.NewEncoder(os.Stdout).Encode(announcement); err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	return server.Serve(listener)
}

func main() {
	if err := serve(parseFlags()); err != nil {
		fmt.Fprintln(os.Stderr, "vault:", err)
		os.Exit(1)
	}
}
