//! The list of commands.

/// What `cargo xtask` prints.
pub(crate) const HELP: &str = "\
cargo xtask COMMAND

  ci [STEP...]   every step, or those named, with the time of each; `spec` is written `spec=FILE`

  fmt            the format of every file
  lint           clippy, warnings denied: each package, all targets, with its sets of features
  test           unit, integration and doc tests; `layers` and `tidy` are among them
  doctest        doc tests alone
  docs           rustdoc, warnings denied
  layers         dependencies between our crates, and between the files of each, point one way; the light crates stay
                 light
  features       clippy, warnings denied: each package with each of its features alone, and with none
  tidy           house rules that no compiler holds: module docs, endpoint files, links, invariants
  deny           licenses, duplicate versions and sources of the dependencies (cargo-deny)
  msrv           each package compiles with the oldest compiler it promises, if that is at hand
  package [--release]
                 each package, unpacked, alone: files, metadata, tests, documentation; or that it can be released
  consumers      packages outside the workspace use the crates as their users do
  api [--write]  the public API of each library is the one in tests/api (needs cargo-public-api and nightly)
  spec FILE      the models against an OpenAPI document
  conformance    other SDKs against the emulator (needs node, npm, python3 and the network)
  keychain       keys in the keychain of a desktop (needs dbus-run-session and gnome-keyring-daemon)
  browser [FOLDER]
                 a login in Chromium, also while other pages attack it (needs chromium and chromedriver); the folder
                 gets pictures of the pages
  faults [--planted | scan PATH...]
                 every fault of a network, a server or a caller; or that the check notices broken transports; or that
                 a run of the tests, whose output and folder are named, showed no secret
  bench          instructions and allocations per exchange, and their limit (needs valgrind)
  fuzz           [TARGET] [SECONDS]: all parsers or one, on inputs that libFuzzer makes up (needs cargo-fuzz)
";

/// Whether the list has this command.
pub(crate) fn is_command(name: &str) -> bool {
    HELP.lines().any(|line| line.starts_with("  ") && line.split_whitespace().next() == Some(name))
}
