//! `--insecure-http`, with an emulator on an address that is not loopback.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use openrouter_oauth_emulator::{DecisionOutcome, User};

use crate::{
    support::{Finished, Served, block_on, program, run, run_with, run_with_input, serve, serve_on},
    tools::print_skipped,
    user::{Home, Login, get},
};

/// Serves an emulator on an address of this machine that is not loopback, if there is one.
fn serve_elsewhere() -> Option<(Served, String)> {
    // Connecting a UDP socket only selects a route and an address. Nothing is sent to this address of RFC 5737.
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let ip = socket.connect("198.51.100.1:9").and_then(|()| socket.local_addr()).ok().map(|addr| addr.ip());
    let Some(ip) = ip.filter(|ip: &IpAddr| !ip.is_loopback()) else {
        print_skipped("an address that is not loopback");
        return None;
    };
    Some((serve_on(SocketAddr::new(ip, 0)), ip.to_string()))
}

#[test]
fn login_over_http_stores_a_key_that_works() {
    let Some((served, host)) = serve_elsewhere() else { return };
    let home = Home::new();
    let login = Login::start(&served, &home, &["--insecure-http", &host]);
    get(&login.approve());
    login.finish().result(0);

    let service = ["--json", "--server", &served.url, "--insecure-http", &host];
    let status = home.run(&[&["status"], &service[..]].concat()).result(0);
    assert_eq!(status["service"], served.origin());
    // The key belongs to that origin, and no other service gets it.
    assert_eq!(home.run(&["token", "--json"]).error(9)["kind"], "not_signed_in");
    home.run(&[&["logout"], &service[..]].concat()).result(0);
    let missing = home.run(&[&["status"], &service[..]].concat()).error(9);
    let advice = format!("--server {:?} --insecure-http {host:?}", served.url);
    assert!(missing["message"].as_str().unwrap().contains(&advice), "{missing}");
}

#[test]
fn saved_sign_in_is_exchanged_over_http() {
    let Some((served, host)) = serve_elsewhere() else { return };
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("pending.json");
    let file = file.to_str().unwrap();
    let service = ["--server", &served.url, "--insecure-http", &host];
    let begun = run(&[&["url", "--save", file], &service[..]].concat());
    assert!(begun.stderr.contains(&format!("--insecure-http {host:?}")), "{begun:?}");
    let user = User::new(served.emulator.clone());
    let DecisionOutcome::Code(code) = block_on(user.approve(begun.line(), None)).unwrap() else {
        panic!("the page shows no code");
    };
    let without = run_with_input(&["exchange", "--pending", file, "--server", &served.url], code.as_bytes());
    assert_eq!(without.status, Some(2), "{without:?}");
    assert_eq!(served.emulator.posts("/auth/keys"), 0);
    let exchanged =
        run_with_input(&[&["exchange", "--pending", file], &service[..]].concat(), code.as_bytes());
    assert!(exchanged.line().starts_with("sk-or-v1-"));
}

#[test]
fn demo_runs_over_http() {
    let Some((served, host)) = serve_elsewhere() else { return };
    let demo = run(&["demo", "--server", &served.url, "--insecure-http", &host]);
    assert_eq!(demo.status, Some(0), "{demo:?}");
}

#[test]
fn base_url_of_the_environment_needs_the_option_too() {
    let Some((served, host)) = serve_elsewhere() else { return };
    let variables = [("OPENROUTER_BASE_URL", &*served.url)];
    let without = run_with(&["jwks", "--json"], &variables).error(2);
    assert!(without["message"].as_str().unwrap().contains("OPENROUTER_BASE_URL must use https"), "{without}");
    assert_eq!(served.emulator.log().len(), 0);
    run_with(&["jwks", "--json", "--insecure-http", &host], &variables).json();
}

#[test]
fn proxy_is_not_used_for_http() {
    let Some((served, host)) = serve_elsewhere() else { return };
    // Nothing listens on port 1, so a request through the proxy would fail.
    let proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
    let mut command = program(&["jwks", "--json", "--server", &served.url, "--insecure-http", &host]);
    command.envs(proxies.map(|name| (name, "http://127.0.0.1:1")));
    Finished::from_output(command.output().unwrap()).json();
}

#[test]
fn key_of_the_environment_is_not_sent_over_http() {
    // C-9
    let Some((served, host)) = serve_elsewhere() else { return };
    let variables = [("OPENROUTER_API_KEY", "sk-or-v1-real")];
    let service = ["--json", "--server", &served.url, "--insecure-http", &host];
    for command in [vec!["status"], vec!["create-code", "--callback", "https://my.app", "--without-pkce"]] {
        let error = run_with(&[&command[..], &service[..]].concat(), &variables).error(2);
        let message = error["message"].as_str().unwrap();
        let advice = format!("--server {:?} --insecure-http {host:?}` to create a test key", served.url);
        assert!(message.contains("unset it") && message.contains(&advice), "{message}");
        assert!(!error.to_string().contains("sk-or-v1-real"), "{error}");
    }
    // The advice names the chosen store.
    let keychain =
        run_with(&[&["status", "--store", "keychain"], &service[..]].concat(), &variables).error(2);
    assert!(keychain["message"].as_str().unwrap().contains("login --store keychain --server"), "{keychain}");
    // No request arrived.
    assert_eq!(served.emulator.log().len(), 0);
    // Requests without a key are sent.
    run_with(&[&["jwks"], &service[..]].concat(), &variables).json();
    // On a loopback host, the key is sent.
    let local = serve();
    let key = local.emulator.issue_management_key();
    run_with(&["status", "--json", "--server", &local.url], &[("OPENROUTER_API_KEY", &*key)]).json();
}

#[test]
fn secret_of_the_environment_is_not_sent_over_http() {
    // C-9
    let Some((served, host)) = serve_elsewhere() else { return };
    let service = ["--json", "--server", &served.url, "--insecure-http", &host];
    // {"alg":"none"}.{"exp":4102444800}.signature
    let jwt = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl";
    let token = [&["exchange-token", "--policy", "p"], &service[..]].concat();
    let exchange = [&["exchange", "--without-pkce"], &service[..]].concat();
    for (command, name, secret) in
        [(&token, "OPENROUTER_SUBJECT_TOKEN", jwt), (&exchange, "OPENROUTER_CODE", "auth_code_canary")]
    {
        let error = run_with(command, &[(name, secret)]).error(2);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(name) && message.contains("on standard input"), "{message}");
        assert!(!error.to_string().contains(secret), "{error}");
    }
    assert_eq!(served.emulator.log().len(), 0);
    // What the user passes on standard input is sent.
    let granted = Finished::from_input(program(&token), jwt).json();
    assert!(granted["access_token"].is_string());
    // A verifier is worthless without its code.
    let pair = run(&["pkce", "--json"]).json();
    let url = format!(
        "{}/auth?code_challenge={}&code_challenge_method=S256",
        served.origin(),
        pair["code_challenge"].as_str().unwrap()
    );
    let DecisionOutcome::Code(code) =
        block_on(User::new(served.emulator.clone()).approve(&url, None)).unwrap()
    else {
        panic!("the page shows no code");
    };
    let mut exchange = program(&[&["exchange"], &service[..]].concat());
    exchange.env("OPENROUTER_CODE_VERIFIER", pair["code_verifier"].as_str().unwrap());
    assert!(Finished::from_input(exchange, &code).json()["key"].is_string());
}
