//! What can be asked for. No argument takes a secret.

#![expect(clippy::doc_markdown, reason = "these comments are the help text, where a backtick is a backtick")]

use std::path::PathBuf;

use clap::{ArgGroup, Parser, Subcommand, ValueEnum, builder::NonEmptyStringValueParser};
use openrouter_oauth::{
    CallbackUrl, CreditLimit, KeyLabel,
    models::{CodeChallenge, Timestamp, TokenScope, UsageLimitType, WorkspaceId},
};

use crate::exit;

/// Sign in with OpenRouter from a shell: each operation of its OAuth (PKCE), and an emulator to try them on.
#[derive(Debug, Parser)]
#[command(name = "openrouter-oauth", version, max_term_width = 110)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{ENVIRONMENT}\n\n{JSON_HELP}\n\n{}", exit::HELP))]
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

const EXAMPLES: &str = "\
Examples:
  openrouter-oauth demo                            watch the whole sign-in, offline
  openrouter-oauth url --label my-cli --save login.json
                                                   print the URL of a page that shows a code
  openrouter-oauth exchange --pending login.json   paste that code, get the key
  openrouter-oauth key                             what the key in OPENROUTER_API_KEY is";

const ENVIRONMENT: &str = "\
Secrets are read from the environment, or else one line from standard input:
  OPENROUTER_API_KEY        for create-code and key
  OPENROUTER_CODE           for exchange
  OPENROUTER_CODE_VERIFIER  for exchange without --pending (from the environment alone)
  OPENROUTER_SUBJECT_TOKEN  for token
Settings:
  OPENROUTER_BASE_URL       the service, where there is no --server
  OPENROUTER_HTTP_REFERER, OPENROUTER_APP_TITLE, OPENROUTER_APP_CATEGORIES
                            which app the requests come from";

const JSON_HELP: &str = "\
An error with --json, on standard error; the last three only where they are known:
  {\"error\": {\"kind\": \"refused\", \"message\": \"...\", \"causes\": [\"...\"],
             \"http_status\": 400, \"reason\": \"code_invalid\", \"retry_after_seconds\": 2.0}}
The reasons: code_invalid, code_expired, code_rejected, challenge_method_mismatch, invalid_grant,
invalid_request, unauthorized, forbidden, not_found, conflict, rate_limited, server_error, other.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Go through the whole sign-in against the emulator, and say each step.
    ///
    /// Without --server it starts an emulator of its own; with it, it uses one in another process. It plays the person
    /// in front of the browser, so it does not work with OpenRouter itself.
    #[command(after_help = "JSON: {\"server\", \"steps\": [{\"title\", \"lines\": [...]}]}")]
    Demo,
    /// Serve OpenRouter's OAuth on this machine, until Ctrl-C.
    #[command(after_help = "\
The base URL is the first line on standard output. Open it in a browser for a list of what is served.
JSON: {\"base_url\"}

Example:
  openrouter-oauth emulator --port 8080
  openrouter-oauth demo --server http://127.0.0.1:8080/api/v1")]
    Emulator(EmulatorOptions),
    /// Make a PKCE verifier and its challenge (RFC 7636, S256).
    #[command(after_help = "\
The verifier is a secret until the code is exchanged.
JSON: {\"code_verifier\", \"code_challenge\", \"code_challenge_method\"}")]
    Pkce,
    /// Begin a sign-in: the URL for the user, and what finishes it.
    #[command(after_help = "\
With --save the URL is on standard output. Without it the URL is on standard error, for the person,
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
    /// Tell about an API key: its name, limits and use.
    #[command(after_help = "\
JSON: the fields of OpenRouter's answer, as far as it tells them (label, limit, limit_remaining,
limit_reset, usage, expires_at, ...); with --links also \"links\": {\"activity\", \"settings\"}")]
    Key(KeyOptions),
    /// Exchange an identity provider's JWT for a short-lived access token.
    ///
    /// The JWT is read from OPENROUTER_SUBJECT_TOKEN or from standard input.
    #[command(after_help = "\
The token is on standard output, alone.
JSON: {\"access_token\", \"issued_token_type\", \"token_type\"}, and \"expires_in\" and \"scope\" if they are told

Example:
  openrouter-oauth token --policy \"$policy\" --scope inference < token.jwt")]
    Token(TokenOptions),
    /// Show the public keys that access tokens are signed with.
    #[command(after_help = "JSON: the key set, {\"keys\": [{\"kty\", \"kid\", ...}]} (RFC 7517)")]
    Jwks,
}

#[derive(Debug, clap::Args)]
pub(crate) struct EmulatorOptions {
    /// The port of 127.0.0.1 to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UrlOptions {
    /// Where the browser comes back to; a random segment is added to its path. Without it the page shows a code.
    #[arg(long, value_name = "URL", value_parser = CallbackUrl::parse)]
    pub(crate) callback: Option<CallbackUrl>,
    /// The name of the key.
    #[arg(long, value_name = "TEXT", value_parser = KeyLabel::parse)]
    pub(crate) label: Option<KeyLabel>,
    /// What the key may spend, in US dollars.
    #[arg(long, value_name = "USD", value_parser = credit_limit, allow_negative_numbers = true)]
    pub(crate) limit: Option<CreditLimit>,
    /// The workspace to propose.
    #[arg(long, value_name = "UUID", value_parser = WorkspaceId::parse)]
    pub(crate) workspace: Option<WorkspaceId>,
    /// The only workspace to allow.
    #[arg(long, value_name = "UUID", value_parser = WorkspaceId::parse)]
    pub(crate) required_workspace: Option<WorkspaceId>,
    /// Keep the pending sign-in in this new file, which its owner alone can read.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExchangeOptions {
    /// The file that `url` saved. It is removed, unless the sign-in can be tried again.
    #[arg(long, value_name = "FILE", conflicts_with = "without_pkce")]
    pub(crate) pending: Option<PathBuf>,
    /// The code was made without a challenge: whoever finds it can use it.
    #[arg(long)]
    pub(crate) without_pkce: bool,
}

// A group, so that whoever gives neither is told of both.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("pkce").args(["challenge", "without_pkce"]).required(true))]
pub(crate) struct CreateCodeOptions {
    /// The callback URL of the app that the code is for.
    #[arg(long, value_name = "URL", value_parser = CallbackUrl::parse)]
    pub(crate) callback: CallbackUrl,
    /// The challenge that `pkce` made (S256). The exchange then needs its verifier.
    #[arg(long, value_parser = CodeChallenge::parse)]
    pub(crate) challenge: Option<CodeChallenge>,
    /// Make a code without a challenge: whoever finds it can use it.
    #[arg(long)]
    pub(crate) without_pkce: bool,
    /// The name of the key.
    #[arg(long, value_name = "TEXT", value_parser = KeyLabel::parse)]
    pub(crate) label: Option<KeyLabel>,
    /// What the key may spend, in US dollars.
    #[arg(long, value_name = "USD", value_parser = credit_limit, allow_negative_numbers = true)]
    pub(crate) limit: Option<CreditLimit>,
    /// How often the limit starts anew.
    #[arg(long, requires = "limit")]
    pub(crate) limit_reset: Option<LimitReset>,
    /// When the key ends, as 2030-12-31T23:59:59Z.
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    pub(crate) expires_at: Option<Timestamp>,
    /// The workspace that the key belongs to.
    #[arg(long, value_name = "UUID", value_parser = WorkspaceId::parse)]
    pub(crate) workspace: Option<WorkspaceId>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct KeyOptions {
    /// Also show the pages about the key. Their addresses hold its hash, which names the key for good.
    #[arg(long)]
    pub(crate) links: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TokenOptions {
    /// The federation policy that accepts the token (Settings, Workload identity).
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) policy: String,
    /// What the access token is for; by default all that the policy gives.
    #[arg(long)]
    pub(crate) scope: Option<Scope>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LimitReset {
    Daily,
    Weekly,
    Monthly,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Scope {
    Inference,
    Management,
}

impl From<LimitReset> for UsageLimitType {
    fn from(reset: LimitReset) -> Self {
        match reset {
            LimitReset::Daily => Self::Daily,
            LimitReset::Weekly => Self::Weekly,
            LimitReset::Monthly => Self::Monthly,
        }
    }
}

impl From<Scope> for TokenScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Inference => Self::Inference,
            Scope::Management => Self::Management,
        }
    }
}

fn credit_limit(text: &str) -> Result<CreditLimit, String> {
    let dollars = text.parse().map_err(|_| "not a number".to_owned())?;
    CreditLimit::new(dollars).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Args::command().debug_assert();
    }
}
