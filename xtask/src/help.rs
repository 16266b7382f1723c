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
  features       compile each library that has features with none of them and with each alone; deny warnings
  tidy           check house rules that no compiler enforces: module docs, endpoint files, links, invariants
  deny           check licenses, duplicate versions and sources of the dependencies (needs cargo-deny)
  msrv           compile each package with the oldest compiler it supports, if that is installed
  package [--release]
                 pack each package, then compile it alone; with --release, also run its tests, document it, and
                 rehearse a release
  platforms [--all]
                 run clippy for macOS and wasm32, and tests for Windows under wine and for wasm32 in Node.js; with --all,
                 also run clippy for Windows, and give wine and macOS nearly all packages, not only those that depend
                 most on the system (needs the targets, mingw, wine, node and wasm-bindgen-cli; names the checks whose
                 tools are missing)
  consumers      build and run (or test) packages outside the workspace that use the crates
  api [--write]  compare the public API of each library with tests/api, or write it (needs cargo-public-api and nightly)
  spec FILE      compare the models and the emulator with an OpenAPI document
  conformance    run other SDKs, and examples in other languages, against the emulator command (needs node, npm, python3,
                 chromium, chromedriver and network access; without go, names the checks that it leaves out)
  keychain       test the key store in a desktop keychain (needs dbus-run-session and gnome-keyring-daemon)
  browser [FOLDER]
                 test logins and the web application of tests/consumers in Chromium, also while other pages attack
                 them, and save screenshots in FOLDER (needs chromium and chromedriver; without nginx, PostgreSQL, or
                 Redis, skips the web application behind TLS)
  optimized      build the programs of `faults` and `bench`
  faults [--planted | --listener | --proxies | --sign-ins | --keys | scan PATH...]
                 test every fault of a network, a server or a caller; with --planted, check that broken transports are
                 detected; with one of the next four, run only that part; with scan, search the output and files of a
                 test run for secrets
  bench [--planted | cpu [PAIRS] | web]
                 compare the SDK with the same work by hand, in instructions and allocations, and enforce limits; with
                 --planted, check that planted regressions are detected; with cpu, compare the CPU time of processes;
                 with web, measure only the web sign-in, and how many a core finishes in a second (needs valgrind)
  fuzz [TARGET] [SECONDS]
                 run every parser, or one, on inputs that libFuzzer generates (needs cargo-fuzz)
";

/// Returns whether the list contains this command.
pub(crate) fn is_command(name: &str) -> bool {
    HELP.lines().any(|line| line.starts_with("  ") && line.split_whitespace().next() == Some(name))
}
