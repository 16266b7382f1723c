//! Blocking counterparts in the public API, as `tests/api` records it.
//!
//! An item and its counterpart must have the same line once the words that distinguish them are removed: `async`, the
//! blocking client's module, the mode of its calls, and `_blocking` after the name of a method. An item that the
//! snapshots do not list yet is not checked.

use std::collections::BTreeSet;

use super::files::Files;

/// The snapshots, and the types whose async methods need a counterpart.
const SNAPSHOTS: &[(&str, &str)] = &[
    ("tests/api/sdk.txt", "openrouter_oauth::"),
    ("tests/api/login.txt", "openrouter_oauth_login::Login::"),
];

const CLIENT: &str = "openrouter_oauth::Client";
const BLOCKING_CLIENT: &str = "openrouter_oauth::blocking::Client";

/// The method that only the blocking client has.
const TO_ASYNC: &str = "pub fn openrouter_oauth::blocking::Client::to_async(";

pub(super) fn check(files: &Files) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, types) in SNAPSHOTS {
        let lines = || files.get(*path).map_or("", String::as_str).lines();
        let blocking: BTreeSet<_> = lines().filter(|line| is_blocking(line)).map(common).collect();
        let others: BTreeSet<_> = lines().filter(|line| !is_blocking(line)).map(common).collect();
        let is_async =
            |line: &&str| line.strip_prefix("pub async fn ").is_some_and(|item| item.starts_with(types));
        if !lines().any(|line| is_async(&line)) {
            findings.push(format!("{path}: lists no async method of `{types}`"));
        }
        for line in lines() {
            let needs_blocking = is_async(&line) || is_of(CLIENT, line) || is_of_async_call(line);
            if needs_blocking && !blocking.contains(&common(line)) {
                findings.push(format!("{path}: lacks a blocking counterpart of `{line}`"));
            }
            let needs_async = is_of(BLOCKING_CLIENT, line) && !line.starts_with(TO_ASYNC);
            if needs_async && !others.contains(&common(line)) {
                findings.push(format!("{path}: lacks an async counterpart of `{line}`"));
            }
        }
    }
    findings
}

/// Returns whether the line is a method of this client, or a trait that it implements.
fn is_of(client: &str, line: &str) -> bool {
    line.starts_with(&format!("pub fn {client}::")) || line.ends_with(&format!(" for {client}"))
}

/// Returns whether the line is a method that only an async call has. Both modes of a call have those of `Call<E, M>`.
fn is_of_async_call(line: &str) -> bool {
    line.strip_prefix("pub fn openrouter_oauth::Call<E>::")
        .is_some_and(|name| !name.starts_with("into_future("))
}

fn is_blocking(line: &str) -> bool {
    line.contains("::blocking::") || line.contains("::Blocking>") || line.contains("_blocking(")
}

/// Returns what a line has in common with that of its counterpart.
fn common(line: &str) -> String {
    [
        ("async fn", "fn"),
        ("::blocking::", "::"),
        (", openrouter_oauth::call::mode::Blocking>", ">"),
        ("_blocking(", "("),
    ]
    .iter()
    .fold(line.to_owned(), |line, (word, rest)| line.replace(word, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check as check_rule;

    const SDK: &str = "tests/api/sdk.txt";
    const EXCHANGE: &str = "pub async fn openrouter_oauth::AnySignIn::exchange(&mut self, &openrouter_oauth::Client)\n\
        pub fn openrouter_oauth::AnySignIn::exchange_blocking(&mut self, &openrouter_oauth::blocking::Client)\n";
    const LOGIN: &str = "pub async fn openrouter_oauth_login::Login::run(self) -> u8\n\
        pub fn openrouter_oauth_login::Login::run_blocking(self) -> u8\n";

    #[track_caller]
    fn check_sdk(lines: &str, expected: &[&str]) {
        let files = [(SDK, &*format!("{EXCHANGE}{lines}")), ("tests/api/login.txt", LOGIN)];
        let expected: Vec<_> = expected.iter().map(|finding| format!("{SDK}: lacks {finding}")).collect();
        check_rule(check, &files, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn item_of_only_one_client_is_found() {
        let both =
            |item: &str| format!("{}\n{}", item.replace('@', CLIENT), item.replace('@', BLOCKING_CLIENT));
        for item in
            ["pub fn @::new() -> Self", "pub fn @::clone(&self) -> @", "impl core::clone::Clone for @"]
        {
            check_sdk(&both(item), &[]);
            let [one, other] = [CLIENT, BLOCKING_CLIENT].map(|client| item.replace('@', client));
            check_sdk(&one, &[&format!("a blocking counterpart of `{one}`")]);
            check_sdk(&other, &[&format!("an async counterpart of `{other}`")]);
        }
        check_sdk(&format!("{TO_ASYNC}&self) -> {CLIENT}"), &[]);
    }

    #[test]
    fn different_parameters_or_results_are_found() {
        let [one, other] = [CLIENT, BLOCKING_CLIENT].map(|client| format!("pub fn {client}::call"));
        for (of_one, of_other) in [("(&self, u8)", "(&self, u16)"), ("(&self) -> u8", "(&self)")] {
            check_sdk(
                &format!("{one}{of_one}\n{other}{of_other}"),
                &[
                    &format!("a blocking counterpart of `{one}{of_one}`"),
                    &format!("an async counterpart of `{other}{of_other}`"),
                ],
            );
        }
    }

    #[test]
    fn async_method_without_a_counterpart_is_found() {
        let send = "pub async fn openrouter_oauth::Call<E>::send_with_response(self)";
        check_sdk(send, &[&format!("a blocking counterpart of `{send}`")]);
        let mode = "openrouter_oauth::call::mode::Blocking";
        check_sdk(
            &format!("{send}\npub fn openrouter_oauth::Call<E, {mode}>::send_with_response(self)"),
            &[],
        );
        // Only the login itself, not its parts.
        let login = "pub async fn openrouter_oauth_login::Listener::bind(u16)\n\
            pub async fn openrouter_oauth_login::Login::ensure(self)\n";
        let finding = "tests/api/login.txt: lacks a blocking counterpart of \
            `pub async fn openrouter_oauth_login::Login::ensure(self)`";
        check_rule(check, &[(SDK, EXCHANGE), ("tests/api/login.txt", login)], &[finding]);
    }

    #[test]
    fn option_of_only_async_calls_is_found() {
        let option = "pub fn openrouter_oauth::Call<E>::priority(self, u8) -> Self";
        check_sdk(option, &[&format!("a blocking counterpart of `{option}`")]);
        check_sdk(&option.replace("<E>", "<E, M>"), &[]);
        check_sdk("pub fn openrouter_oauth::Call<E>::into_future(self) -> Self::IntoFuture", &[]);
    }

    #[test]
    fn missing_snapshot_is_found() {
        let finding = "tests/api/login.txt: lists no async method of `openrouter_oauth_login::Login::`";
        check_rule(check, &[(SDK, EXCHANGE)], &[finding]);
    }
}
