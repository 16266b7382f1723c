// Sends the requests that the official Go SDK sends, according to its source, with the packages that it uses.
//
// Arguments: the base URL, the operation ("exchange" or "create_code"), and its code or key. Prints the response as the
// SDK's error types read it.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"
)

const userAgent = "speakeasy-sdk/go 0.5.41 2.914.0 1.0.0 github.com/OpenRouterTeam/go-sdk"

func main() {
	baseURL, operation, secret := os.Args[1], os.Args[2], os.Args[3]
	var path, key string
	var body map[string]any
	if operation == "exchange" {
		path = "/auth/keys"
		body = map[string]any{
			"code":                  secret,
			"code_challenge_method": "S256",
			"code_verifier":         "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
		}
	} else {
		path, key = "/auth/keys/code", secret
		body = map[string]any{
			"callback_url":          "https://app.example/callback?a=1&b=2",
			"code_challenge":        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
			"code_challenge_method": "S256",
			"expires_at":            time.Date(2127, 12, 31, 23, 59, 59, 0, time.UTC),
			"key_label":             "Conformance",
			"limit":                 12.5,
			"usage_limit_type":      "monthly",
		}
	}
	send(baseURL, path, key, body)
}

func send(baseURL, path, key string, body map[string]any) {
	target, err := url.JoinPath(baseURL, path)
	check(err)
	// A map, like the SDK's, so that the fields are sorted.
	encoded, err := json.Marshal(body)
	check(err)
	request, err := http.NewRequest("POST", target, bytes.NewBuffer(encoded))
	check(err)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := (&http.Client{Timeout: 60 * time.Second}).Do(request)
	check(err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	check(err)

	var out struct {
		Error struct {
			Code    int64  `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	check(json.Unmarshal(raw, &out))
	fmt.Println(response.StatusCode, out.Error.Code, out.Error.Message)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
