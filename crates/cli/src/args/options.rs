//! The options of each command.

use std::{net::IpAddr, path::PathBuf};

use clap::{ArgGroup, ValueEnum};
use clap_complete::Shell;
use openrouter_oauth::{
    CallbackUrl, CreditLimit, KeyLabel,
    models::{CodeChallenge, FederationPolicyId, Timestamp, TokenScope, UsageLimitType, WorkspaceId},
    transport::{InvalidPlainHttpHost, PlainHttpHost},
};

/// The service to call.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct ServiceOptions {
    /// The service's base URL: https, or http on this machine or the host of --insecure-http. The default path is
    /// /api/v1. The default URL is OPENROUTER_BASE_URL, or else OpenRouter.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) server: Option<String>,

    /// Allow plain http to this host, for a test network only: everyone on the way can read and change the keys. A name
    /// or an IP address, without a port; never OpenRouter.
    #[arg(long, global = true, value_name = "HOST", value_parser = parse_http_host)]
    pub(crate) insecure_http: Option<PlainHttpHost>,
}

impl ServiceOptions {
    /// Returns whether any of the options is given.
    pub(crate) fn is_given(&self) -> bool {
        self.server.is_some() || self.insecure_http.is_some()
    }

    /// Returns the given options as they follow a command, each after a space. Values are quoted, because they may
    /// contain any characters.
    pub(crate) fn as_arguments(&self) -> String {
        let server = self.server.iter().map(|url| format!(" --server {url:?}"));
        let host = self.insecure_http.iter().map(|host| format!(" --insecure-http {:?}", host.as_str()));
        server.chain(host).collect()
    }
}

/// The properties of the requested key.
#[derive(Debug, clap::Args)]
pub(crate) struct KeyOptions {
    /// The key's label. The default of `login` is "openrouter-oauth on HOST".
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<KeyLabel>,
    /// The key's credit limit, in US dollars.
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    pub(crate) limit: Option<CreditLimit>,
    /// The workspace to propose.
    #[arg(long, value_name = "UUID")]
    pub(crate) workspace: Option<WorkspaceId>,
    /// The only workspace to allow.
    #[arg(long, value_name = "UUID")]
    pub(crate) required_workspace: Option<WorkspaceId>,
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate switch on the command line")]
pub(crate) struct LoginOptions {
    /// Request a page that shows a code to paste, as over SSH.
    #[arg(long, conflicts_with_all = ["port", "no_headless"])]
    pub(crate) headless: bool,
    /// Wait for a browser on this machine, even over SSH, in a container, or without a display.
    #[arg(long)]
    pub(crate) no_headless: bool,
    /// Don't open a browser; print the URL.
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Listen for the browser on this port of 127.0.0.1, instead of a free one.
    #[arg(long, value_parser = parse_port)]
    pub(crate) port: Option<u16>,
    #[command(flatten)]
    pub(crate) key: KeyOptions,
    /// Where to store the key.
    #[arg(long, env = "OPENROUTER_KEY_STORE", default_value = "file")]
    pub(crate) store: LoginStore,
    /// Also print the key to standard output.
    #[arg(long)]
    pub(crate) print: bool,
    /// How long to wait for the user: a number of seconds, or a duration such as 90s, 5m, or 1h.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_seconds)]
    pub(crate) timeout: u32,
    /// Create another key, even if the stored one still works.
    #[arg(long)]
    pub(crate) again: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LogoutOptions {
    /// Forget only the key in this store. The default is every store.
    #[arg(long)]
    pub(crate) store: Option<StoreKind>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StoreOptions {
    /// Where the key is stored.
    #[arg(long, env = "OPENROUTER_KEY_STORE", default_value = "file")]
    pub(crate) store: StoreKind,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StatusOptions {
    #[command(flatten)]
    pub(crate) store: StoreOptions,
    /// Don't warn about a limit that is almost used up, or a key that expires soon.
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TokenOptions {
    #[command(flatten)]
    pub(crate) store: StoreOptions,
    /// Print the key even to a terminal.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsOptions {
    /// The shell.
    pub(crate) shell: Shell,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ManOptions {
    /// The folder for the pages. It is created if it does not exist.
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}

/// Where a key is stored.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StoreKind {
    /// A file that only its owner can read.
    File,
    /// The system's keychain.
    Keychain,
}

/// Where a login stores the key.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LoginStore {
    /// A file that only its owner can read.
    File,
    /// The system's keychain.
    Keychain,
    /// Nowhere.
    None,
}

impl LoginStore {
    pub(crate) fn kind(self) -> Option<StoreKind> {
        match self {
            Self::File => Some(StoreKind::File),
            Self::Keychain => Some(StoreKind::Keychain),
            Self::None => None,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct EmulatorOptions {
    /// The IP address to listen on. 0.0.0.0 or :: listens on every address of this machine.
    #[arg(long, value_name = "IP", default_value = "127.0.0.1", value_parser = parse_ip)]
    pub(crate) host: IpAddr,
    /// The port to listen on. 0 picks a free port.
    #[arg(long, default_value_t = 0, value_parser = parse_port_or_0)]
    pub(crate) port: u16,
    /// Write the port and a newline to this file once the emulator listens. The file is replaced atomically, and
    /// removed on Ctrl-C or SIGTERM.
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
    /// How many connections are open at once, at most 10000. When another client connects, the emulator closes the
    /// connection that has been idle longest.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = parse_max_connections)]
    pub(crate) max_connections: usize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UrlOptions {
    /// The callback URL. A random segment is added to its path. Without this option, the page shows a code.
    #[arg(long, value_name = "URL")]
    pub(crate) callback: Option<CallbackUrl>,
    #[command(flatten)]
    pub(crate) key: KeyOptions,
    /// Save the pending sign-in to this new file, which only you can read.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExchangeOptions {
    /// The file that `url` saved. It is removed unless the sign-in can be used again.
    #[arg(long, value_name = "FILE", conflicts_with = "without_pkce")]
    pub(crate) pending: Option<PathBuf>,
    /// Exchange a code that has no challenge. Anyone who finds such a code can use it.
    #[arg(long)]
    pub(crate) without_pkce: bool,
}

// A group, so that the error names both options if neither is given.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("pkce").args(["challenge", "without_pkce"]).required(true))]
pub(crate) struct CreateCodeOptions {
    /// The callback URL of the app that the code is for.
    #[arg(long, value_name = "URL")]
    pub(crate) callback: CallbackUrl,
    /// The challenge that `pkce` created (S256). The exchange then needs its verifier.
    // One in 64 challenges begins with a hyphen.
    #[arg(long, value_parser = CodeChallenge::parse, allow_hyphen_values = true)]
    pub(crate) challenge: Option<CodeChallenge>,
    /// Create a code without a challenge. Anyone who finds it can use it.
    #[arg(long)]
    pub(crate) without_pkce: bool,
    /// The new key's label.
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<KeyLabel>,
    /// The new key's credit limit, in US dollars.
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    pub(crate) limit: Option<CreditLimit>,
    /// How often the new key's limit resets.
    #[arg(long, requires = "limit")]
    pub(crate) limit_reset: Option<LimitReset>,
    /// When the new key expires, such as 2030-12-31T23:59:59Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) expires_at: Option<Timestamp>,
    /// The workspace that the new key belongs to.
    #[arg(long, value_name = "UUID")]
    pub(crate) workspace: Option<WorkspaceId>,
    // For the key that authenticates the request.
    #[command(flatten)]
    pub(crate) store: StoreOptions,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExchangeTokenOptions {
    /// The federation policy that accepts the token (Settings, Workload identity).
    #[arg(long, value_name = "ID")]
    pub(crate) policy: FederationPolicyId,
    /// The scope of the access token. The default is everything that the policy allows.
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

fn parse_http_host(text: &str) -> Result<PlainHttpHost, &'static str> {
    PlainHttpHost::parse(text).map_err(InvalidPlainHttpHost::problem)
}

fn parse_port(text: &str) -> Result<u16, &'static str> {
    let port = text.parse().ok().filter(|port| *port != 0);
    port.ok_or("must be a port number from 1 to 65535")
}

fn parse_ip(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| "must be an IPv4 or IPv6 address, such as 127.0.0.1, 0.0.0.0, or ::")
}

fn parse_max_connections(text: &str) -> Result<usize, &'static str> {
    let connections = text.parse().ok().filter(|connections| (1..=10_000).contains(connections));
    connections.ok_or("must be a number from 1 to 10000")
}

fn parse_port_or_0(text: &str) -> Result<u16, &'static str> {
    text.parse().map_err(|_| "must be a port number from 1 to 65535, or 0 for a free port")
}

/// Parses a duration of 1 second to 1 day, in whole seconds.
fn parse_seconds(text: &str) -> Result<u32, &'static str> {
    const UNITS: [(char, u32); 3] = [('s', 1), ('m', 60), ('h', 3600)];

    let with_unit = UNITS.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, *seconds)));
    let (number, unit) = with_unit.unwrap_or((text, 1));
    // `parse` alone would accept a plus sign.
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = number.parse().ok().filter(|_| is_number).and_then(|number: u32| number.checked_mul(unit));
    seconds
        .filter(|seconds| (1..=86_400).contains(seconds))
        .ok_or("must be a number of seconds, or a duration such as 90s, 5m, or 1h, up to 24h")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_an_optional_unit() {
        for (text, seconds) in
            [("1", 1), ("600", 600), ("90s", 90), ("5m", 300), ("24h", 86_400), ("86400", 86_400)]
        {
            assert_eq!(parse_seconds(text), Ok(seconds), "{text}");
        }
        for text in [
            "",
            "0",
            "0s",
            "s",
            "-1",
            "+1",
            "1.5m",
            "5 m",
            "5d",
            "m5",
            "25h",
            "86401",
            "4294967295h",
            "\u{661}s",
        ] {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
    }
}
