//! Prints what was measured, and where it goes.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

use crate::{measure::Measured, profile::Profile};

/// The length of the two lists.
const ROWS: usize = 12;

/// Prints everything, the ratios last, and returns that of the instructions.
pub(crate) fn print(hand: &Measured, sdk: &Measured) -> f64 {
    println!("{:>9} {:>9}  per exchange", "by hand", "SDK");
    let instructions = line("instructions", hand, sdk, Profile::instructions);
    let allocations = line("allocations", hand, sdk, |profile| profile.allocations);
    print_crates(hand, sdk);
    print_functions(sdk);
    println!("ratio instructions {instructions:.2} allocations {allocations:.2}");
    instructions
}

/// Prints what both have of something and returns how many times the first the second is.
fn line(what: &str, hand: &Measured, sdk: &Measured, count: fn(&Profile) -> f64) -> f64 {
    let (hand, sdk) = (hand.per_exchange(count), sdk.per_exchange(count));
    println!("{hand:>9.0} {sdk:>9.0}  {what}");
    sdk / hand
}

fn print_crates(hand: &Measured, sdk: &Measured) {
    println!("\n{:>9} {:>9}  instructions by crate, without what it calls", "by hand", "SDK");
    let hand = by_crate(hand);
    for (name, sdk) in most(by_crate(sdk)) {
        println!("{:>9.0} {sdk:>9.0}  {name}", cost_of(&hand, name));
    }
}

fn by_crate(measured: &Measured) -> HashMap<&str, f64> {
    let mut crates = HashMap::new();
    for function in measured.functions() {
        *crates.entry(crate_of(function)).or_default() +=
            measured.per_exchange(|profile| cost_of(&profile.own, function));
    }
    crates
}

fn print_functions(sdk: &Measured) {
    println!("\n{:>9} {:>9}  instructions by function of ours, with what it calls", "", "SDK");
    let ours = sdk.functions().filter(|function| crate_of(function).starts_with("openrouter_oauth"));
    let costs = ours.map(|function| {
        let cost = sdk.per_exchange(|profile| cost_of(&profile.inclusive, function));
        (function, cost)
    });
    for (function, cost) in most(costs) {
        println!("{:>9} {cost:>9.0}  {function:.150}", "");
    }
    println!();
}

fn cost_of<S: Borrow<str> + Eq + Hash>(costs: &HashMap<S, f64>, name: &str) -> f64 {
    costs.get(name).copied().unwrap_or_default()
}

/// The largest, largest first.
fn most<'a>(costs: impl IntoIterator<Item = (&'a str, f64)>) -> impl Iterator<Item = (&'a str, f64)> {
    let mut costs: Vec<_> = costs.into_iter().collect();
    costs.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    costs.into_iter().take(ROWS)
}

/// The crate that a function is written in: `tokio` for `<&mut tokio::net::TcpStream as …>::poll_read`.
fn crate_of(function: &str) -> &str {
    let function = function.strip_prefix("core::ptr::drop_in_place<").unwrap_or(function);
    let path = function.trim_start_matches(['<', '(', '[', '&', '*']);
    let path = ["mut ", "const ", "dyn "]
        .iter()
        .fold(path, |path, keyword| path.strip_prefix(keyword).unwrap_or(path));
    match path.split_once("::") {
        None => "the C library",
        Some(("core" | "alloc" | "std" | "__rustc" | "hashbrown", _)) => "the standard library",
        Some((name, _)) => name,
    }
}
