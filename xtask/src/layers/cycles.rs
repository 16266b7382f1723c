//! Finds import cycles among the files of a crate: files that import each other, directly or through others, so that
//! none can be read or moved alone.
//!
//! The check follows every path in the code of a library or a program to the file that defines the name, through `use`,
//! `pub use` and globs. This ties the two files. It covers all features and platforms, and also tokens that look like a
//! path in a macro call, a macro definition or an attribute, such as `with = "crate::text"`. A private `use` ties its
//! file even if nothing uses the name.
//!
//! A macro may define items. So a lone name in an item-level macro call counts as an item of that file if the name has
//! no other definition. Two constructs can therefore tie files wrongly: a glob that reaches such a name, and a name
//! declared in a function, because it counts in its whole module.
//!
//! The following tie no files:
//!
//! * A re-export alone, because names are followed through it. So `store.rs` may re-export what the files of `store/`
//!   define, but a file of `store/` cannot use what `store.rs` defines if `store.rs` uses that file.
//! * A module named alone, as in `use super::store`.
//! * A method or a field: `pending.finish()`.
//! * A path that starts with `::` or with the name of a crate. So a program is not tied to the library of its package.
//! * A macro call without a path, which relies on `#[macro_use]` or textual order. Names in a macro's body tie the file
//!   that defines the macro, not its callers.
//! * Modules that a macro declares, names that it pastes together, and the contents of `include!`.
//! * A name behind more than seven aliases and globs.
//! * Items of a module under `#[cfg(test)]` and everything in them. Methods under it are still followed.
//! * Links in comments.
//!
//! The other targets of a package (integration tests, benchmarks, examples, build scripts) are not checked. Neither are
//! imports between crates, because Cargo rejects cycles there.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use syn::visit::{self, Visit};

use super::modules::{Found, Modules, is_test, leaves, token_paths};
use crate::result::Result;

/// Finds the cycles among the files of the crate with this root file.
///
/// # Errors
///
/// If the root or a file that a `mod` declares cannot be read or is not Rust.
pub(super) fn find(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Result<Vec<String>> {
    let modules = Modules::parse(root, read)?;
    let mut imports = Imports::default();
    for (module, syntax) in modules.files() {
        Importer { modules: &modules, module, imports: &mut imports }.visit_file(syntax);
    }
    Ok(imports.cycles())
}

/// The names that each file imports from each other file.
#[derive(Default)]
struct Imports(BTreeMap<String, BTreeMap<String, BTreeSet<String>>>);

impl Imports {
    fn add(&mut self, from: &str, to: &str, name: &str) {
        if from != to {
            let names = self.0.entry(from.into()).or_default().entry(to.into()).or_default();
            names.insert(name.into());
        }
    }

    /// Describes each cycle, with the names that tie its files.
    fn cycles(&self) -> Vec<String> {
        self.mutual().iter().map(|cycle| self.describe(cycle)).collect()
    }

    /// Returns the largest sets of at least two files that reach each other.
    fn mutual(&self) -> BTreeSet<BTreeSet<&str>> {
        let reached: BTreeMap<_, _> = self.0.keys().map(|file| (file.as_str(), self.reached(file))).collect();
        let sets = reached.iter().map(|(file, there)| {
            let is_mutual = |to: &&str| reached.get(to).is_some_and(|back| back.contains(file));
            there.iter().copied().filter(is_mutual).collect::<BTreeSet<_>>()
        });
        sets.filter(|set| set.len() > 1).collect()
    }

    /// Returns the files that this one imports, directly or through others.
    fn reached(&self, file: &str) -> BTreeSet<&str> {
        let imported = |file: &str| self.0.get(file).into_iter().flat_map(BTreeMap::keys).map(String::as_str);
        let mut reached = BTreeSet::new();
        let mut next: Vec<&str> = imported(file).collect();
        while let Some(file) = next.pop() {
            if reached.insert(file) {
                next.extend(imported(file));
            }
        }
        reached
    }

    fn describe(&self, cycle: &BTreeSet<&str>) -> String {
        let mut lines = vec![format!("{} files import each other in a cycle:", cycle.len())];
        for from in cycle {
            for (to, names) in self.0.get(*from).into_iter().flatten() {
                if cycle.contains(to.as_str()) {
                    let names: Vec<_> = names.iter().map(String::as_str).collect();
                    lines.push(format!("{from} -> {to}: {}", names.join(", ")));
                }
            }
        }
        lines.join("\n    ")
    }
}

/// Follows every path of one module.
struct Importer<'a> {
    modules: &'a Modules,
    module: usize,
    imports: &'a mut Imports,
}

impl Importer<'_> {
    fn follow(&mut self, path: &[String]) {
        // The names after an item are its variants or associated items.
        for (place, name) in path.iter().enumerate() {
            let found = self.modules.resolve(self.module, path.get(..=place).unwrap_or_default());
            let is_module = found.iter().any(|found| matches!(found, Found::Module(_)));
            if is_module && place + 1 < path.len() {
                continue;
            }
            for found in found {
                if let Found::Item(module) = found {
                    self.tie(module, name);
                }
            }
            return;
        }
    }

    fn tie(&mut self, module: usize, name: &str) {
        self.imports.add(self.modules.file(self.module), self.modules.file(module), name);
    }
}

impl<'ast> Visit<'ast> for Importer<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        // A module with its own file is visited with that file.
        if item.content.is_none() {
            return;
        }
        let outer = self.module;
        // If several modules of this file have the name, the content counts for each of them.
        for inner in self.modules.children(outer, &item.ident.to_string()) {
            if self.modules.file(inner) == self.modules.file(outer) {
                self.module = inner;
                visit::visit_item_mod(self, item);
            }
        }
        self.module = outer;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        // A re-export that the file's own code uses is followed from that code.
        if !matches!(item.vis, syn::Visibility::Inherited) {
            return;
        }
        for leaf in leaves(&item.tree) {
            if leaf.is_glob {
                for found in self.modules.resolve(self.module, &leaf.path) {
                    let (Found::Module(module) | Found::Item(module)) = found;
                    self.tie(module, "*");
                }
            } else {
                self.follow(&leaf.path);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if path.leading_colon.is_none() {
            self.follow(&names);
        }
        visit::visit_path(self, path);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            for path in token_paths(list.tokens.clone()) {
                self.follow(&path);
            }
        }
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        for path in token_paths(mac.tokens.clone()) {
            self.follow(&path);
        }
        visit::visit_macro(self, mac);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds the cycles of a crate with these files. The first one is the root.
    fn cycles(files: &[(&str, &str)]) -> Vec<String> {
        let read = |path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| (*text).to_owned())
        };
        find(Path::new(files[0].0), &read).unwrap()
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let expected: Vec<_> = expected.iter().map(|lines| lines.replace('\n', "\n    ")).collect();
        assert_eq!(cycles(files), expected);
    }

    const LIB: (&str, &str) =
        ("lib.rs", "mod a; mod b; pub use a::A; pub use crate::b::{B, inner as renamed};");
    const B: (&str, &str) = ("b.rs", "use crate::a::A; pub struct B(A); pub fn inner() {}");

    fn found(name: &str) -> String {
        format!("2 files import each other in a cycle:\na.rs -> b.rs: {name}\nb.rs -> a.rs: A")
    }

    #[test]
    fn files_that_import_each_other_are_found() {
        check(&[LIB, ("a.rs", "use crate::b::B; pub struct A;"), B], &[&found("B")]);
        check(&[LIB, ("a.rs", "use super::b; pub struct A; fn f(_: b::B) {}"), B], &[&found("B")]);
        check(&[LIB, ("a.rs", "pub struct A;"), B], &[]);
    }

    #[test]
    fn names_are_followed_through_the_root() {
        check(&[LIB, ("a.rs", "use crate::B; pub struct A;"), B], &[&found("B")]);
        check(&[LIB, ("a.rs", "pub struct A; fn f() { super::renamed() }"), B], &[&found("renamed")]);
    }

    #[test]
    fn names_are_followed_through_another_file() {
        let lib = ("lib.rs", "mod a; mod b; mod c;");
        let c = ("c.rs", "pub use crate::b::B as Other; pub mod d { pub use super::super::b::*; }");
        check(&[lib, ("a.rs", "use crate::c::Other as O; pub struct A(O);"), B, c], &[&found("O, Other")]);
        check(&[lib, ("a.rs", "use crate::c::d; pub struct A(d::B);"), B, c], &[&found("B")]);
    }

    #[test]
    fn inline_paths_are_followed() {
        check(&[LIB, ("a.rs", "pub struct A; fn f() { crate::b::inner() }"), B], &[&found("inner")]);
        check(&[LIB, ("a.rs", "pub struct A; impl From<crate::b::B> for A {}"), B], &[&found("B")]);
        check(&[LIB, ("a.rs", "pub struct A; fn f() { g!(x, [crate::b::inner()]) }"), B], &[&found("inner")]);
        check(
            &[LIB, ("a.rs", "pub struct A; mod n { fn f() { super::super::b::inner() } }"), B],
            &[&found("inner")],
        );
        check(&[LIB, ("a.rs", "pub struct A; fn f() { use crate::b; b::inner() }"), B], &[&found("inner")]);
        let a = r#"pub struct A { #[serde(with = "crate::b::inner")] a: u8 }"#;
        check(&[LIB, ("a.rs", a), B], &[&found("inner")]);
    }

    #[test]
    fn globs_are_followed() {
        check(&[LIB, ("a.rs", "use crate::b::*; pub struct A(B);"), B], &[&found("*, B")]);
        let lib = ("lib.rs", "mod a; mod b; pub use b::*;");
        check(&[lib, ("a.rs", "pub struct A(crate::B);"), B], &[&found("B")]);
    }

    #[test]
    fn module_and_file_below_it_are_found() {
        let lib = ("src/lib.rs", "mod a;");
        let a = ("src/a.rs", "mod c; pub struct A; pub fn run() { c::inner(A) }");
        let c = ("src/a/c.rs", "use super::A; pub fn inner(_: A) {}");
        let found = "2 files import each other in a cycle:\n\
            src/a.rs -> src/a/c.rs: inner\n\
            src/a/c.rs -> src/a.rs: A";
        check(&[lib, a, c], &[found]);
    }

    #[test]
    fn root_and_file_below_it_are_found() {
        let main = ("main.rs", "mod a; type Result = (); fn main() { a::run() }");
        let found = "2 files import each other in a cycle:\n\
            a.rs -> main.rs: Result\n\
            main.rs -> a.rs: run";
        check(&[main, ("a.rs", "use crate::Result; pub fn run() -> Result {}")], &[found]);
    }

    #[test]
    fn re_export_alone_ties_no_files() {
        let lib = ("lib.rs", "mod a;");
        let c = ("a/c.rs", "use super::A; pub struct C(A); pub fn inner() {}");
        for re_export in ["pub use c::C;", "pub(crate) use c::{C, inner};", "pub(super) use self::c::*;"] {
            let a = format!("mod c; {re_export} pub struct A;");
            check(&[lib, ("a.rs", &a), c], &[]);
        }
    }

    #[test]
    fn re_export_that_its_own_file_uses_is_found() {
        let lib = ("lib.rs", "mod a;");
        let c = ("a/c.rs", "use super::A; pub struct C(A);");
        let found = "2 files import each other in a cycle:\n\
            a.rs -> a/c.rs: C\n\
            a/c.rs -> a.rs: A";
        for re_export in ["pub use c::C;", "pub(crate) use c::*;"] {
            let a = format!("mod c; {re_export} pub struct A; fn f(_: C) {{}}");
            check(&[lib, ("a.rs", &a), c], &[found]);
        }
    }

    #[test]
    fn module_is_read_from_the_path_it_names() {
        let lib = ("lib.rs", "#[path = \"elsewhere/a.rs\"] mod a; mod b;");
        let found = "2 files import each other in a cycle:\n\
            b.rs -> elsewhere/a.rs: A\n\
            elsewhere/a.rs -> b.rs: B";
        check(&[lib, ("elsewhere/a.rs", "use crate::b::B; pub struct A(B);"), B], &[found]);
    }

    #[test]
    fn items_that_a_macro_defines_are_found() {
        let a = "plain! { /// The a.\n #[derive(Clone)] A, \"a\" } fn f(_: crate::b::B) {}";
        let b = ("b.rs", "open! { B { One = \"one\", } } fn f(_: crate::a::A) {}");
        check(&[("lib.rs", "mod a; mod b;"), ("a.rs", a), b], &[&found("B")]);
        let a = "plain!(A); fn f(_: crate::B) {}";
        check(&[("lib.rs", "mod a; mod b; pub use b::B;"), ("a.rs", a), b], &[&found("B")]);
        check(&[("lib.rs", "mod a; mod b; pub use b::*;"), ("a.rs", a), b], &[&found("B")]);
    }

    #[test]
    fn macro_call_defines_nothing_that_is_defined_elsewhere() {
        let lib = ("lib.rs", "mod a; mod b; mod c; pub use a::*; pub use b::*;");
        let c = ("c.rs", "pub fn f(_: crate::B) {}");
        let b = ("b.rs", "pub struct B;");
        check(&[lib, ("a.rs", "plain!(A, B, C); pub fn a() { crate::c::f() }"), b, c], &[]);
        let a = "macro_rules! plain { ($name:ident) => { B }; } pub fn a() { crate::c::f() }";
        check(&[lib, ("a.rs", a), ("b.rs", ""), c], &[]);
    }

    #[test]
    fn modules_of_one_name_are_all_followed() {
        let lib = ("lib.rs", "mod a; #[cfg(unix)] mod b; #[cfg(windows)] #[path = \"w.rs\"] mod b;");
        let a = ("a.rs", "pub struct A; fn f() { crate::b::inner() }");
        let (free, bound) = ("pub fn inner() {}", "pub fn inner() -> crate::a::A {}");
        check(&[lib, a, ("b.rs", bound), ("w.rs", free)], &[&found("inner")]);
        let in_w = found("inner").replace("b.rs", "w.rs");
        check(&[lib, a, ("b.rs", free), ("w.rs", bound)], &[&in_w]);
        let a = "pub struct A; mod n {} mod n { fn f() { super::super::b::inner() } }";
        check(&[lib, ("a.rs", a), ("b.rs", bound), ("w.rs", free)], &[&found("inner")]);
    }

    #[test]
    fn module_is_read_from_each_path_it_may_have() {
        let a = ("a.rs", "pub struct A; fn f() { crate::b::inner() }");
        let (free, bound) = ("pub fn inner() {}", "pub fn inner() -> crate::a::A {}");
        let in_w = found("inner").replace("b.rs", "w.rs");
        let lib = ("lib.rs", "mod a; #[cfg_attr(windows, path = \"w.rs\")] mod b;");
        check(&[lib, a, ("b.rs", free), ("w.rs", bound)], &[&in_w]);
        check(&[lib, a, ("b.rs", bound), ("w.rs", free)], &[&found("inner")]);
        let lib = "mod a; #[cfg_attr(unix, path = \"u.rs\")] #[cfg_attr(not(unix), path = \"w.rs\")] mod b;";
        check(&[("lib.rs", lib), a, ("u.rs", free), ("w.rs", bound)], &[&in_w]);
    }

    #[test]
    fn files_around_a_named_path_are_read() {
        let lib = ("lib.rs", "#[path = \"x/y.rs\"] mod a; mod n { #[path = \"z.rs\"] mod c; mod r#type; }");
        check(&[lib, ("x/y.rs", "mod d;"), ("x/d.rs", ""), ("n/z.rs", ""), ("n/type.rs", "")], &[]);
        check(&[("lib.rs", "#[path = \"x\"] mod n { mod c; }"), ("x/c.rs", "")], &[]);
    }

    #[test]
    fn longer_cycle_is_one_finding() {
        let found = "3 files import each other in a cycle:\n\
            a.rs -> a/c.rs: C\n\
            a/c.rs -> b.rs: inner\n\
            b.rs -> a.rs: A";
        let c = ("a/c.rs", "pub struct C; fn f() { crate::b::inner() }");
        check(&[LIB, ("a.rs", "mod c; pub struct A(c::C);"), c, B], &[found]);
    }

    #[test]
    fn tests_modules_and_other_crates_tie_no_files() {
        let a = "use crate::b; use http::b::B; pub struct A; #[cfg(test)] mod tests { use crate::b::B; }";
        check(&[LIB, ("a.rs", a), B], &[]);
        check(&[LIB, ("a.rs", "pub struct A; #[cfg(test)] fn f() { crate::b::inner() }"), B], &[]);
        check(&[LIB, ("a.rs", "pub struct A; fn f(x: X) { let b = 1; x.inner(b) }"), B], &[]);
    }

    #[test]
    fn module_and_function_of_one_name_are_distinguished() {
        let lib = ("lib.rs", "mod a; mod b; pub use crate::b::{B, b};");
        let b = ("b.rs", "use crate::a::A; pub struct B(A); pub fn b() {}");
        check(&[lib, ("a.rs", "use crate::b::b; pub struct A;"), b], &[&found("b")]);
        check(&[lib, ("a.rs", "pub struct A(crate::b::B);"), b], &[&found("B")]);
    }

    #[test]
    fn file_that_is_not_rust_is_an_error() {
        let read = |_: &Path| Some("not Rust".to_owned());
        let error = find(Path::new("lib.rs"), &read).unwrap_err().to_string();
        assert!(error.starts_with("lib.rs: "), "{error}");
    }

    #[test]
    fn module_whose_file_cannot_be_read_is_an_error() {
        let error = |root: &'static str| {
            let read = |path: &Path| (path == Path::new("src/lib.rs")).then(|| root.to_owned());
            find(Path::new("src/lib.rs"), &read).unwrap_err().to_string()
        };
        let missing = "src/lib.rs: mod a: src/a.rs or src/a/mod.rs cannot be read";
        assert_eq!(error("mod a;"), missing);
        assert_eq!(error("#[cfg(windows)] mod a;"), missing);
        assert_eq!(error("#[path = \"b.rs\"] mod a;"), "src/lib.rs: mod a: src/b.rs cannot be read");
        let error = error("#[cfg_attr(windows, path = \"b.rs\")] mod a;");
        assert_eq!(error, "src/lib.rs: mod a: src/b.rs cannot be read");
    }
}
