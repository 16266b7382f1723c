//! Prints the measurements, and the functions that use the most instructions.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

use crate::{
    limit::Measured,
    measure::{Measurement, SideProfile},
};

/// How many lines each list of crates or functions has.
const LINES: usize = 12;

pub(crate) fn print_heading() {
    println!("{:26}{:^32}{:^26}", "", "instructions", "allocations");
    println!(
        "{:26}{:>12}{:>12}{:>8}{:>10}{:>8}{:>8}",
        "", "by hand", "SDK", "ratio", "by hand", "SDK", "ratio"
    );
}

pub(crate) fn print_row(name: &str, measured: &Measured) {
    let Measured { hand, sdk, .. } = measured;
    println!(
        "{name:26}{:>12}{:>12}{:>8.2}{:>10}{:>8}{:>8.2}",
        hand.instructions,
        sdk.instructions,
        measured.instruction_ratio(),
        hand.allocations,
        sdk.allocations,
        measured.allocation_ratio()
    );
}

/// Prints where the instructions of a row are.
pub(crate) fn print_details(name: &str, measurement: &Measurement) {
    let Measurement { hand, sdk, .. } = measurement;
    println!("\n{name}\n{:>9} {:>9}  instructions by crate, without its calls", "by hand", "SDK");
    let hand = by_crate(hand);
    for (name, sdk) in largest(by_crate(sdk)) {
        println!("{:>9.0} {sdk:>9.0}  {name}", cost_of(&hand, name));
    }
    println!("\n{:>9} {:>9}  instructions by our functions, with their calls", "", "SDK");
    let ours = sdk.functions().filter(|function| crate_of(function).starts_with("openrouter_oauth"));
    for (function, cost) in largest(ours.map(|function| {
        let cost = sdk.per_unit(|profile| cost_of(&profile.inclusive, function));
        (function, cost)
    })) {
        println!("{:>9} {cost:>9.0}  {function:.150}", "");
    }
    println!();
}

pub(crate) fn print_ratios(measured: &Measured) {
    println!(
        "ratio instructions {:.2} allocations {:.2}",
        measured.instruction_ratio(),
        measured.allocation_ratio()
    );
}

fn by_crate(side: &SideProfile) -> HashMap<&str, f64> {
    let mut crates = HashMap::new();
    for function in side.functions() {
        *crates.entry(crate_of(function)).or_default() +=
            side.per_unit(|profile| cost_of(&profile.own, function));
    }
    crates
}

fn cost_of<S: Borrow<str> + Eq + Hash>(costs: &HashMap<S, f64>, name: &str) -> f64 {
    costs.get(name).copied().unwrap_or_default()
}

/// Returns the largest costs, largest first.
fn largest<'a>(costs: impl IntoIterator<Item = (&'a str, f64)>) -> impl Iterator<Item = (&'a str, f64)> {
    let mut costs: Vec<_> = costs.into_iter().collect();
    costs.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    costs.into_iter().take(LINES)
}

/// Returns the crate that defines a function: `tokio` for `<&mut tokio::net::TcpStream as …>::poll_read`.
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
