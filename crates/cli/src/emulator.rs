//! `emulator`: runs an emulator of OpenRouter's OAuth on this machine.

use std::net::SocketAddr;

use openrouter_oauth_emulator::{Emulator, Settings};
use serde_json::json;

use crate::{args::EmulatorOptions, exit::Failure, output::Output, port_file::PortFile, signals::Signals};

pub(crate) async fn run(options: &EmulatorOptions, output: Output) -> Result<(), Failure> {
    // Listen before printing the URL, because its reader may stop the program at once.
    let mut signals = Signals::listen().map_err(Failure::Runtime)?;
    let settings = Settings::default().max_connections(options.max_connections);
    let server = Emulator::with_settings(settings).serve_on((options.host, options.port).into()).await?;
    let port = server.addr().port();
    let port_file = options.port_file.as_deref().map(|path| PortFile::create(path, port)).transpose()?;
    let base_url = server.base_url();
    output.result(&json!({ "base_url": base_url }), &base_url)?;
    output.note(
        "This is an emulator of OpenRouter's OAuth. Its keys work nowhere else. Press Ctrl-C to stop it.",
    );
    if !options.host.to_canonical().is_loopback() {
        output.warning(&exposure_warning(server.addr()));
    }
    signals.next().await;
    // While the file exists, the port is open.
    drop(port_file);
    server.shutdown().await;
    Ok(())
}

/// Returns what it means to listen on an address that is not loopback.
fn exposure_warning(addr: SocketAddr) -> String {
    let place = if addr.ip().is_unspecified() {
        format!("port {} of this machine", addr.port())
    } else {
        addr.to_string()
    };
    format!(
        "everyone who can reach {place} can get keys from this emulator, approve sign-ins, and change its settings. \
         The keys work nowhere else. Clients on other machines need `--insecure-http HOST`, or \
         `dangerously_allow_http` of the SDK, because the connections are plain http."
    )
}
