//! The command line. No argument accepts a secret.

#![expect(clippy::doc_markdown, reason = "these comments are the help text, which shows backticks unchanged")]

mod options;

use clap::{Parser, Subcommand};

pub(crate) use self::options::{
    CompletionsOptions, CreateCodeOptions, EmulatorOptions, ExchangeOptions, ExchangeTokenOptions,
    KeyOptions, LoginOptions, LogoutOptions, ManOptions, ServiceOptions, StatusOptions, StoreKind,
    StoreOptions, TokenOptions, UrlOptions,
};
use crate::exit;

/// Sign in with OpenRouter from a shell, manage the API key, and try each OAuth (PKCE) operation.
#[derive(Debug, Parser)]
#[command(name = "openrouter-oauth", version, max_term_width = 110)]
#[command(after_help = EXAMPLES, after_long_help = SECTIONS.map(|(_, text)| text).join("\n\n"))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) service: ServiceOptions,

    /// Print the result as one line of JSON, and errors as JSON too.
    #[arg(long, global = true, help_heading = "Common options")]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The sections that follow the options in `--help`, with their titles in the manual.
pub(crate) const SECTIONS: [(&str, &str); 4] = [
    ("EXAMPLES", EXAMPLES),
    ("ENVIRONMENT", ENVIRONMENT),
    ("ERRORS AS JSON", JSON_HELP),
    ("EXIT STATUS", exit::HELP),
];

const EXAMPLES: &str = "\
Examples:
  openrouter-oauth login                           sign in and store the key
  export OPENROUTER_API_KEY=$(openrouter-oauth token)
                                                   pass the key to another program
  openrouter-oauth status                          show the key's label, limit, and usage
  openrouter-oauth demo                            watch the whole sign-in offline";

const ENVIRONMENT: &str = "\
Secrets come from the environment or from standard input, never from the arguments:
  OPENROUTER_API_KEY        used by create-code, status, and keys instead of the stored key
  OPENROUTER_CODE           used by exchange instead of standard input
  OPENROUTER_CODE_VERIFIER  used by exchange without --pending
  OPENROUTER_SUBJECT_TOKEN  used by exchange-token instead of standard input
Over plain http to another host (--insecure-http), only OPENROUTER_CODE_VERIFIER is used, which is worthless without its
code. The others may be real secrets, and are an error.
Settings:
  OPENROUTER_BASE_URL       the service's base URL, unless --server is given
  OPENROUTER_KEY_STORE      where to store the key, unless --store is given: file or keychain
  OPENROUTER_HTTP_REFERER, OPENROUTER_APP_TITLE, OPENROUTER_APP_CATEGORIES
                            the app that sends the requests
  BROWSER                   the browser that login opens: a file that exists, or a program and its arguments
Network:
  HTTPS_PROXY, or else ALL_PROXY
                            the URL of a proxy: http, https, socks5, or socks5h
  NO_PROXY                  hosts to connect to without the proxy, separated by commas
  SSL_CERT_FILE, SSL_CERT_DIR
                            a PEM file and folders with root certificates, to trust instead of the
                            system's (not on Windows and macOS)";

const JSON_HELP: &str = "\
With --json, an error on standard error has this form. The last four fields appear only if known:
  {\"error\": {\"kind\": \"rejected\", \"message\": \"...\", \"causes\": [\"...\"],
             \"http_status\": 400, \"reason\": \"code_invalid\", \"request_id\": \"...\",
             \"retry_after_seconds\": 2.0}}
The reasons are code_invalid, code_expired, code_rejected, challenge_method_mismatch, invalid_grant,
invalid_request, unauthorized, forbidden, not_found, conflict, rate_limited, server_error,
not_from_openrouter (something other than OpenRouter responded) and other.
A warning has the form {\"warning\": \"...\"}. Invisible characters are escaped, for example as \\u202e.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in and store the key.
    ///
    /// Opens OpenRouter's page in the browser, then waits for the browser's callback or a pasted code. Over SSH, in a
    /// container, without a display, or with --headless, the page shows a code to paste; --no-headless and --port override
    /// this. If OpenRouter still accepts the stored key, login keeps that key and does not create another. It replaces a
    /// key that OpenRouter rejects (401). If the key cannot be checked, login fails and keeps the key.
    #[command(after_help = "\
The key is stored in a file that, on Unix, only you can read. With --store keychain, it is stored
in the system's keychain; with --store none, nowhere. The key is printed to standard output with
--print, and also if it could not be stored.
JSON: {\"is_new\", \"user_id\", \"label\", \"store\"}, and \"key\" if the key is printed; user_id, label and
store may be null. If the key replaced another one, \"previous\" is the page of that key, where you
can delete it.
Before the result, {\"authorize_url\"} is printed to standard error, and {\"problem\"} after each
wrong code. {\"waiting\"} means that another program is signing in, and that login waits for its key.
With --json, login does not prompt at the terminal; with --headless, it reads the code from a line
of standard input.

Examples:
  openrouter-oauth login
  openrouter-oauth login --label ci --limit 5
  ssh -L 8123:127.0.0.1:8123 host openrouter-oauth login --port 8123 --no-browser
  OPENROUTER_API_KEY=$(openrouter-oauth login --store none --print) my-program")]
    Login(LoginOptions),
    /// Forget the stored key. It stays valid until you delete it at OpenRouter.
    #[command(after_help = "\
Prints the page where you can delete the key to standard output, or nothing if no key is stored.
JSON: {\"removed\": [{\"store\", \"settings\"}]}; settings is that page")]
    Logout(LogoutOptions),
    /// Show the key's label, limit, and usage.
    ///
    /// Uses the key in OPENROUTER_API_KEY, or else the stored key. Warns on standard error if less than a tenth of the
    /// limit is left, or if the key expires within a week.
    #[command(after_help = "\
JSON: {\"source\", \"service\"}, and every field of OpenRouter's response (label, limit,
limit_remaining, limit_reset, usage, expires_at, ...); source is environment, file, or keychain")]
    Status(StatusOptions),
    /// Print the stored key.
    #[command(after_help = "\
JSON: {\"key\"}

Example:
  export OPENROUTER_API_KEY=$(openrouter-oauth token)")]
    Token(TokenOptions),
    /// Show links to the key's pages at OpenRouter.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Begin a sign-in by hand; `exchange` finishes it.
    ///
    /// Prints a URL, which the user opens in a browser.
    #[command(after_help = "\
With --save, the URL is printed to standard output. Without it, the URL is printed to standard
error, for the user, and the pending sign-in to standard output: one line of text that contains a
secret. Save that line unchanged to a file for `exchange --pending`, which accepts the file only if
no other user has access to it (mode 0600).
JSON: {\"authorize_url\", \"callback_url\", \"pending\"}; callback_url is null without --callback,
pending is null with --save

Examples:
  openrouter-oauth url --label my-cli --save login.json
  openrouter-oauth url --callback http://localhost:3000/cb --limit 5 --save login.json")]
    Url(UrlOptions),
    /// Exchange a code for an API key.
    ///
    /// Reads the code from OPENROUTER_CODE or from standard input. With --pending, the whole URL that the browser was
    /// redirected to also works.
    #[command(after_help = "\
Prints only the key to standard output. The key is shown only once.
JSON: {\"key\", \"user_id\"}; user_id may be null

Examples:
  openrouter-oauth exchange --pending login.json
  OPENROUTER_CODE_VERIFIER=$verifier openrouter-oauth exchange < code.txt")]
    Exchange(ExchangeOptions),
    /// Create a code with an API key, without the consent page.
    #[command(after_help = "\
Prints only the code to standard output. The code works once, within ten minutes.
JSON: {\"id\", \"app_id\", \"created_at\"}; id is the code

Example:
  openrouter-oauth create-code --callback https://my.app/cb --challenge \"$challenge\" --limit 5")]
    CreateCode(CreateCodeOptions),
    /// Exchange an identity provider's JWT for a short-lived access token.
    ///
    /// Reads the JWT from OPENROUTER_SUBJECT_TOKEN or from standard input.
    #[command(after_help = "\
Prints only the access token to standard output.
JSON: {\"access_token\", \"issued_token_type\", \"token_type\"}, and \"expires_in\" and \"scope\" if OpenRouter sends them

Example:
  openrouter-oauth exchange-token --policy \"$policy\" --scope inference < token.jwt")]
    ExchangeToken(ExchangeTokenOptions),
    /// Show the public keys that verify access tokens.
    #[command(after_help = "JSON: the key set, {\"keys\": [{\"kty\", \"kid\", ...}]} (RFC 7517)")]
    Jwks,
    /// Create a PKCE verifier and its challenge (RFC 7636, S256).
    #[command(after_help = "\
The verifier is a secret until the code is exchanged.
JSON: {\"code_verifier\", \"code_challenge\", \"code_challenge_method\"}")]
    Pkce,
    /// Run the whole sign-in against the emulator and explain each step.
    ///
    /// Without --server, it starts its own emulator; with --server, it uses an emulator in another process. The demo
    /// acts as the user in the browser, so it does not work with OpenRouter itself.
    #[command(after_help = "JSON: {\"server\", \"steps\": [{\"title\", \"lines\": [...]}]}")]
    Demo,
    /// Run an emulator of OpenRouter's OAuth on this machine, until Ctrl-C or SIGTERM.
    #[command(after_help = "\
The first line of standard output is the base URL, http://127.0.0.1:PORT/api/v1. It is the ready
line: the emulator already accepts connections, and the --port-file is complete.
For a list of the endpoints, open http://127.0.0.1:PORT/ in a browser.
GET /emulator/health responds {\"status\": \"ok\"}.
JSON: {\"base_url\"}

With a --host that is not loopback, everyone who can reach the port can get keys, approve
sign-ins, and change settings. The keys work nowhere else. Clients on other machines need
--insecure-http HOST, or dangerously_allow_http of the SDK.

Examples:
  openrouter-oauth emulator --port 8080
  openrouter-oauth login --server http://127.0.0.1:8080/api/v1
  openrouter-oauth emulator --host 0.0.0.0 --port 8080    in a container named emulator
  openrouter-oauth login --server http://emulator:8080/api/v1 --insecure-http emulator

To approve a sign-in without a browser, with the authorize URL in $url:
  curl -H 'Content-Type: application/json' -d '{\"decision\": \"approve\"}' \"$url\"
To deny it, send \"deny\". The response contains \"redirect_to\", \"code\" or \"denied\".")]
    Emulator(EmulatorOptions),
    /// Print a shell's completion script for this program.
    #[command(after_help = "\
JSON: {\"shell\", \"script\"}

Examples:
  source <(openrouter-oauth completions bash)
  openrouter-oauth completions fish > ~/.config/fish/completions/openrouter-oauth.fish")]
    Completions(CompletionsOptions),
    /// Write this program's manual, one page per command.
    #[command(after_help = "\
Prints the paths of the pages to standard output.
JSON: {\"pages\": [...]}

Example:
  openrouter-oauth man ~/.local/share/man/man1")]
    Man(ManOptions),
}

/// The subcommands of `keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Show links to two pages: the key's activity, and the settings where you can limit or delete it.
    ///
    /// Only the key's owner can open them. Their URLs contain the key's hash, which identifies the key permanently.
    #[command(after_help = "\
Uses the key in OPENROUTER_API_KEY, or else the stored key.
JSON: {\"activity\", \"settings\"}")]
    Link(StoreOptions),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn command_line_definition_is_valid() {
        Args::command().debug_assert();
    }
}
