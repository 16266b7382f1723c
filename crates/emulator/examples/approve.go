// Signs in at the emulator, with nothing but Go's standard library.
//
//	openrouter-oauth emulator --port 3210 &
//	go run approve.go http://127.0.0.1:3210/api/v1
package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
)

func main() {
	baseURL := os.Args[1]

	// The application builds its authorize URL.
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		log.Fatal(err)
	}
	verifier := base64.RawURLEncoding.EncodeToString(random)
	digest := sha256.Sum256([]byte(verifier))
	parameters := url.Values{
		"callback_url":          {"http://localhost:3000/callback"},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(digest[:])},
		"code_challenge_method": {"S256"},
		"key_label":             {"My application"},
	}
	authorizeURL := strings.TrimSuffix(baseURL, "/api/v1") + "/auth?" + parameters.Encode()

	// The test approves, instead of a user in a browser.
	var outcome struct {
		RedirectTo string `json:"redirect_to"`
	}
	send("POST", authorizeURL, "", map[string]any{"decision": "approve", "limit": 5}, &outcome)

	// The application gets the code in its callback, and exchanges it for a key.
	callback, err := url.Parse(outcome.RedirectTo)
	if err != nil {
		log.Fatal(err)
	}
	var grant struct{ Key string }
	send("POST", baseURL+"/auth/keys", "", map[string]any{
		"code":                  callback.Query().Get("code"),
		"code_verifier":         verifier,
		"code_challenge_method": "S256",
	}, &grant)

	var current struct{ Data struct{ Label string } }
	send("GET", baseURL+"/key", grant.Key, nil, &current)
	fmt.Println(current.Data.Label)
}

// send sends body as JSON, if there is one, and decodes the JSON of the response into result.
func send(method, target, key string, body map[string]any, result any) {
	var encoded bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&encoded).Encode(body); err != nil {
			log.Fatal(err)
		}
	}
	request, err := http.NewRequest(method, target, &encoded)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		log.Fatal(target, ": ", response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(result); err != nil {
		log.Fatal(err)
	}
}
