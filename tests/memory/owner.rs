//! Finds the crate that owns a block.

use std::backtrace::Backtrace;

/// Returns the crate and the function that allocated a block: the innermost frame outside the container crates.
pub(crate) fn owner_of(allocated_at: &Backtrace) -> (String, String) {
    let frames = allocated_at.to_string();
    let functions = frames.lines().filter_map(function_in);
    let mut owners = functions.filter_map(|function| Some((crate_of(function)?, function)));
    let (name, function) = owners.next().unwrap_or_default();
    (name.to_owned(), function.to_owned())
}

/// Returns the function in a line like ` 7: <alloc::vec::Vec<T> as core::clone::Clone>::clone`. Other lines name a
/// file.
fn function_in(line: &str) -> Option<&str> {
    let (number, function) = line.trim_start().split_once(": ")?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(function)
}

/// Crates that allocate on behalf of others.
const CONTAINERS: [&str; 5] = ["__rustc", "alloc", "bytes", "core", "std"];

/// Returns the crate of a function, or of a method's type. `None` for containers and generic types (`<T as …`).
fn crate_of(function: &str) -> Option<&str> {
    let function = function.trim_start_matches(['<', '&', '[', '(']);
    let (name, _) = function.split_once("::")?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let is_owner = is_name && !CONTAINERS.contains(&name) && !function.starts_with("memory::allocator::");
    is_owner.then_some(name)
}

#[test]
fn crate_of_a_function_is_found() {
    for (line, name) in [
        ("   5: hyper::proto::h1::io::WriteBuf<B>::new", Some("hyper")),
        ("  12: <rustls::msgs::base::Payload as core::clone::Clone>::clone", Some("rustls")),
        ("  13: memory::call::Call::run", Some("memory")),
        ("   1: <memory::allocator::WatchingAllocator as core::alloc::global::GlobalAlloc>::alloc", None),
        ("   3: alloc::vec::Vec<T,A>::with_capacity_in", None),
        ("   4: <T as alloc::string::SpecToString>::spec_to_string", None),
        ("   4: realloc<memory::allocator::WatchingAllocator>", None),
        ("             at /rustc/5980: hyper::of::a::path", None),
    ] {
        assert_eq!(function_in(line).and_then(crate_of), name, "{line}");
    }
}
