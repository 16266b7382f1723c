//! The list of commands.

/// The output of `cargo xtask`.
pub(crate) const HELP: &str = "\
cargo xtask COMMAND

  ci [--full | STEP...]
                 run every step, or only the named ones, and print the time of each; with --full, also fuzz; write
                 `spec` as `spec=FILE`

  fmt            check the formatting of every file
  lint           run clippy on all targets of every package, with all features; deny warnings
  test           run unit, integration and doc tests, including `layers` and `tidy`
  doctest        run only doc tests
  docs           build the documentation; deny warnings
  layers         check that dependencies point one way, between our crates and between the files of each, and that the
                 light crates stay light
  features       compile each package with none of its features and with each alone; deny warnings
  tidy           check house rules that no compiler enforces: module docs, endpoint files, links, invariants
  deny           check licenses, duplicate versions and sources of the dependencies (needs cargo-deny)
  msrv           compile each package with the oldest compiler it supports, if that is installed
  package [--release]
                 pack each package, then check, test and document it alone; with --release, also rehearse a release
  platforms      run clippy for Windows, macOS and wasm32, and tests for Windows under wine and for wasm32 in Node.js
                 (needs the targets, mingw, wine, node and wasm-bindgen-cli; names the checks whose tools are missing)
  consumers      build and run packages outside the workspace that use the crates
  api [--write]  compare the public API of each library with tests/api, or write it (needs cargo-public-api and nightly)
  spec FILE      compare the models with an OpenAPI document
  conformance    run other SDKs against the emulator (needs node, npm, python3 and network access)
  keychain       test the key store in a desktop keychain (needs dbus-run-session and gnome-keyring-daemon)
  browser [FOLDER]
                 test logins in Chromium, also while other pages attack them, and save screenshots in FOLDER (needs
                 chromium and chromedriver)
  faults [--planted | --listener | --proxies | --sign-ins | scan PATH...]
                 test every fault of a network, a server or a caller; with --planted, check that broken transports are
                 detected; with one of the next three, run only that part; with scan, search the output and files of a
                 test run for secrets
  bench [--planted | cpu [PAIRS]]
                 compare the SDK with the same work by hand, in instructions and allocations, and enforce limits; with
                 --planted, check that planted regressions are detected; with cpu, compare the CPU time of processes
                 (needs valgrind)
  fuzz [TARGET] [SECONDS]
                 run every parser, or one, on inputs that libFuzzer generates (needs cargo-fuzz)
";

/// Returns whether the list contains this command.
pub(crate) fn is_command(name: &str) -> bool {
    HELP.lines().any(|line| line.starts_with("  ") && line.split_whitespace().next() == Some(name))
}
