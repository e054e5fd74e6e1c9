// A program that uses go-oidc and x/oauth2 as their documentation shows; its test runs it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const redirectURI = "http://127.0.0.1:8765/callback"

// asked is what the test gives first.
type asked struct {
	To           string `json:"to"`
	Issuer       string `json:"issuer"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

type program struct {
	asked
	test     *bufio.Reader
	provider *oidc.Provider
}

func main() {
	p := program{test: bufio.NewReader(os.Stdin)}
	p.hear(&p.asked)
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, p.Issuer)
	must(err)
	p.provider = provider
	switch p.To {
	case "sign in":
		p.signIn(ctx)
	case "sign in a device":
		p.signInDevice(ctx)
	case "act for itself":
		p.actForItself(ctx)
	}
}

func (p *program) config(scopes ...string) *oauth2.Config {
	return &oauth2.Config{
		ClientID:     p.ClientID,
		ClientSecret: p.ClientSecret,
		Endpoint:     p.provider.Endpoint(),
		RedirectURL:  redirectURI,
		Scopes:       scopes,
	}
}

// signIn: code with PKCE, ID token and access token by JWKS, userinfo, refresh.
func (p *program) signIn(ctx context.Context) {
	config := p.config(oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess)
	verifier := oauth2.GenerateVerifier()
	back := p.opened(config.AuthCodeURL(
		"the state", oauth2.S256ChallengeOption(verifier), oidc.Nonce("the nonce"),
	))
	if back.Get("state") != "the state" || back.Get("iss") != p.Issuer {
		panic("somebody else's answer")
	}
	token, err := config.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(verifier))
	must(err)
	identity, err := p.provider.Verifier(&oidc.Config{ClientID: p.ClientID}).
		Verify(ctx, token.Extra("id_token").(string))
	must(err)
	must(identity.VerifyAccessToken(token.AccessToken))
	access, err := p.provider.Verifier(&oidc.Config{ClientID: p.Issuer}).Verify(ctx, token.AccessToken)
	must(err)
	_, foreign := p.provider.Verifier(&oidc.Config{ClientID: "another"}).
		Verify(ctx, token.Extra("id_token").(string))
	person, err := p.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	must(err)
	refreshed, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	must(err)
	_, dead := config.TokenSource(ctx, &oauth2.Token{RefreshToken: "agrt_gone"}).Token()
	_, slash := oidc.NewProvider(ctx, p.Issuer+"/")
	say(map[string]any{
		"subject": identity.Subject,
		"nonce":   identity.Nonce,
		"access":  access.Subject,
		"email":   person.Email,
		"rotated": refreshed.RefreshToken != token.RefreshToken,
		"dead":    code(dead),
		"slash":   fmt.Sprint(slash),
		"another": fmt.Sprint(foreign),
	})
}

// signInDevice: the device grant.
func (p *program) signInDevice(ctx context.Context) {
	config := p.config("read")
	shown, err := config.DeviceAuth(ctx)
	must(err)
	say(map[string]any{"device": map[string]string{
		"user_code": shown.UserCode, "verification_uri": shown.VerificationURI,
	}})
	token, err := config.DeviceAccessToken(ctx, shown)
	must(err)
	say(map[string]any{"type": token.Type(), "scope": token.Extra("scope")})
}

// actForItself: client credentials, checked by JWKS as a resource server would.
func (p *program) actForItself(ctx context.Context) {
	config := clientcredentials.Config{
		ClientID:     p.ClientID,
		ClientSecret: p.ClientSecret,
		TokenURL:     p.provider.Endpoint().TokenURL,
		Scopes:       []string{"read"},
	}
	token, err := config.Token(ctx)
	must(err)
	access, err := p.provider.Verifier(&oidc.Config{ClientID: p.Issuer}).Verify(ctx, token.AccessToken)
	must(err)
	say(map[string]any{"subject": access.Subject, "scope": token.Extra("scope")})
}

// opened has a person visit this address: what the browser brought back.
func (p *program) opened(address string) url.Values {
	say(map[string]any{"open": address})
	var back string
	p.hear(&back)
	found, err := url.Parse(back)
	must(err)
	return found.Query()
}

// hear reads what the test says next, a line of JSON.
func (p *program) hear(what any) {
	text, err := p.test.ReadBytes('\n')
	must(err)
	must(json.Unmarshal(text, what))
}

func code(err error) string {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return refused.ErrorCode
	}
	return fmt.Sprint(err)
}

func say(what any) {
	must(json.NewEncoder(os.Stdout).Encode(what))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
