//! What can be asked for. No argument takes a secret.

#![expect(clippy::doc_markdown, reason = "these comments are the help text, where a backtick is a backtick")]

mod options;

use clap::{Parser, Subcommand};

pub(crate) use self::options::{
    CompletionsOptions, CreateCodeOptions, EmulatorOptions, ExchangeOptions, ExchangeTokenOptions,
    KeyOptions, LoginOptions, LogoutOptions, ManOptions, StoreKind, StoreOptions, TokenOptions, UrlOptions,
};
use crate::exit;

/// Sign in with OpenRouter from a shell: the key, each operation of its OAuth (PKCE), and an emulator to try them on.
#[derive(Debug, Parser)]
#[command(name = "openrouter-oauth", version, max_term_width = 110)]
#[command(after_help = EXAMPLES, after_long_help = SECTIONS.map(|(_, text)| text).join("\n\n"))]
pub(crate) struct Args {
    /// The service to call: https, or http on this machine. By default OPENROUTER_BASE_URL, or OpenRouter itself.
    #[arg(long, global = true, value_name = "URL", help_heading = "Common options")]
    pub(crate) server: Option<String>,

    /// Write the result as one line of JSON, and an error too.
    #[arg(long, global = true, help_heading = "Common options")]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What `--help` says beside the arguments, with the titles of the manual.
pub(crate) const SECTIONS: [(&str, &str); 4] = [
    ("EXAMPLES", EXAMPLES),
    ("ENVIRONMENT", ENVIRONMENT),
    ("ERRORS AS JSON", JSON_HELP),
    ("EXIT STATUS", exit::HELP),
];

const EXAMPLES: &str = "\
Examples:
  openrouter-oauth login                           sign in, and keep the key
  export OPENROUTER_API_KEY=$(openrouter-oauth token)
                                                   hand the key to another program
  openrouter-oauth status                          whose key it is, its limits and use
  openrouter-oauth demo                            watch the whole sign-in, offline";

const ENVIRONMENT: &str = "\
Secrets are read from the environment, never from the arguments:
  OPENROUTER_API_KEY        for create-code, status and keys, in place of the key that login stored
  OPENROUTER_CODE           for exchange, in place of standard input
  OPENROUTER_CODE_VERIFIER  for exchange without --pending
  OPENROUTER_SUBJECT_TOKEN  for exchange-token, in place of standard input
Settings:
  OPENROUTER_BASE_URL       the service, where there is no --server
  OPENROUTER_KEY_STORE      where the key is kept, where there is no --store: file or keychain
  OPENROUTER_HTTP_REFERER, OPENROUTER_APP_TITLE, OPENROUTER_APP_CATEGORIES
                            which app the requests come from
  BROWSER                   what login opens the page with";

const JSON_HELP: &str = "\
An error with --json, on standard error; the last three only where they are known:
  {\"error\": {\"kind\": \"rejected\", \"message\": \"...\", \"causes\": [\"...\"],
             \"http_status\": 400, \"reason\": \"code_invalid\", \"retry_after_seconds\": 2.0}}
The reasons: code_invalid, code_expired, code_rejected, challenge_method_mismatch, invalid_grant,
invalid_request, unauthorized, forbidden, not_found, conflict, rate_limited, server_error,
not_from_openrouter (something other than OpenRouter responded), other.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in, and keep the key.
    ///
    /// It opens OpenRouter's page in the browser and waits for it to come back, or for a code to be pasted. Over SSH, in a
    /// container and with --headless the page shows the code. If there is a key that OpenRouter still accepts, no other is
    /// made.
    #[command(after_help = "\
The key is kept in a file that only you can read; with --store keychain in that of the system, and
with --store none nowhere. It is on standard output with --print, and if it could not be stored.
JSON: {\"is_new\", \"user_id\", \"label\", \"store\"}, and \"key\" where it is to be printed; user_id,
label and store may be null. After --again \"previous\" is the page on which to delete the key before.
Before it {\"authorize_url\"} is on standard error, and {\"problem\"} if a code was wrong. Nothing is
asked at the terminal then: with --headless a code is a line of standard input.

Examples:
  openrouter-oauth login
  openrouter-oauth login --label ci --limit 5
  ssh -L 8123:127.0.0.1:8123 host openrouter-oauth login --port 8123 --no-browser
  OPENROUTER_API_KEY=$(openrouter-oauth login --store none --print) my-program")]
    Login(LoginOptions),
    /// Forget the stored key. It stays valid until it is deleted at OpenRouter.
    #[command(after_help = "\
The page on which to delete it is on standard output. Where no key is stored there is nothing to say.
JSON: {\"removed\": [{\"store\", \"settings\"}]}; settings is that page")]
    Logout(LogoutOptions),
    /// Show the key's label, limit and usage.
    ///
    /// It is that of OPENROUTER_API_KEY, or else the one that was stored.
    #[command(after_help = "\
JSON: {\"source\", \"service\"}, and the fields of OpenRouter's response, as far as it has them (label,
limit, limit_remaining, limit_reset, usage, expires_at, ...); source is environment, file or keychain")]
    Status(StoreOptions),
    /// Print the stored key.
    #[command(after_help = "\
JSON: {\"key\"}

Example:
  export OPENROUTER_API_KEY=$(openrouter-oauth token)")]
    Token(TokenOptions),
    /// Manage keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Begin a sign-in by hand: the URL for the user, and what finishes it.
    #[command(after_help = "\
With --save the URL is on standard output. Without it the URL is on standard error, for the user,
and the pending sign-in on standard output: one line of text with a secret, to be stored as it is
and given to `exchange --pending`.
JSON: {\"authorize_url\", \"callback_url\", \"pending\"}; callback_url is null without --callback,
pending is null with --save

Examples:
  openrouter-oauth url --label my-cli --save login.json
  openrouter-oauth url --callback http://localhost:3000/cb --limit 5 --save login.json")]
    Url(UrlOptions),
    /// Exchange a code for an API key.
    ///
    /// The code is read from OPENROUTER_CODE or from standard input: the code alone or, with --pending, also the whole
    /// URL that the browser came back to.
    #[command(after_help = "\
The key is on standard output, alone. It is shown this once.
JSON: {\"key\", \"user_id\"}; user_id may be null

Examples:
  openrouter-oauth exchange --pending login.json
  OPENROUTER_CODE_VERIFIER=$verifier openrouter-oauth exchange < code.txt")]
    Exchange(ExchangeOptions),
    /// Create a code with an API key, without a page.
    #[command(after_help = "\
The code is on standard output, alone. It works once, for ten minutes.
JSON: {\"id\", \"app_id\", \"created_at\"}; id is the code

Example:
  openrouter-oauth create-code --callback https://my.app/cb --challenge \"$challenge\" --limit 5")]
    CreateCode(CreateCodeOptions),
    /// Exchange an identity provider's JWT for a short-lived access token.
    ///
    /// The JWT is read from OPENROUTER_SUBJECT_TOKEN or from standard input.
    #[command(after_help = "\
The token is on standard output, alone.
JSON: {\"access_token\", \"issued_token_type\", \"token_type\"}, and \"expires_in\" and \"scope\" if they are told

Example:
  openrouter-oauth exchange-token --policy \"$policy\" --scope inference < token.jwt")]
    ExchangeToken(ExchangeTokenOptions),
    /// Show the public keys that access tokens are signed with.
    #[command(after_help = "JSON: the key set, {\"keys\": [{\"kty\", \"kid\", ...}]} (RFC 7517)")]
    Jwks,
    /// Make a PKCE verifier and its challenge (RFC 7636, S256).
    #[command(after_help = "\
The verifier is a secret until the code is exchanged.
JSON: {\"code_verifier\", \"code_challenge\", \"code_challenge_method\"}")]
    Pkce,
    /// Go through the whole sign-in against the emulator, and say each step.
    ///
    /// Without --server it starts an emulator of its own; with it, it uses one in another process. It plays the user
    /// in front of the browser, so it does not work with OpenRouter itself.
    #[command(after_help = "JSON: {\"server\", \"steps\": [{\"title\", \"lines\": [...]}]}")]
    Demo,
    /// Serve OpenRouter's OAuth on this machine, until Ctrl-C.
    #[command(after_help = "\
The base URL is the first line on standard output. Open it in a browser for a list of what is served.
JSON: {\"base_url\"}

Example:
  openrouter-oauth emulator --port 8080
  openrouter-oauth login --server http://127.0.0.1:8080/api/v1")]
    Emulator(EmulatorOptions),
    /// Write the completions of this program for a shell.
    #[command(after_help = "\
JSON: {\"shell\", \"script\"}

Examples:
  source <(openrouter-oauth completions bash)
  openrouter-oauth completions fish > ~/.config/fish/completions/openrouter-oauth.fish")]
    Completions(CompletionsOptions),
    /// Write the manual of this program, a page for each command.
    #[command(after_help = "\
Their paths are on standard output.
JSON: {\"pages\": [...]}

Example:
  openrouter-oauth man ~/.local/share/man/man1")]
    Man(ManOptions),
}

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Show the pages about the key: what was done with it, and where to limit or delete it.
    ///
    /// They open for its owner only. Their addresses hold its hash, which names the key for good.
    #[command(after_help = "\
The key is that of OPENROUTER_API_KEY, or else the one that was stored.
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
