//! The modules of a crate, and what a path in one of them names.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Item, ItemMod, ItemUse, UseTree,
    visit::{self, Visit},
};

use crate::result::Result;

/// Aliases of aliases are followed this far.
const DEPTH: usize = 8;

/// The modules of a crate. The first is its root.
pub(super) struct Modules {
    modules: Vec<Module>,
    /// Each file with its module.
    files: Vec<(usize, syn::File)>,
}

#[derive(Default)]
struct Module {
    file: String,
    parent: usize,
    names: BTreeMap<String, Vec<Name>>,
    globs: Vec<Vec<String>>,
}

/// What a name stands for in a module.
enum Name {
    Item,
    Module(usize),
    Alias(Vec<String>),
}

/// What a path leads to.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Found {
    Module(usize),
    /// An item of this module.
    Item(usize),
}

impl Modules {
    /// Reads the crate with this root file.
    pub(super) fn parse(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Result<Self> {
        let mut modules = Self { modules: Vec::new(), files: Vec::new() };
        let folder = root.parent().unwrap_or(root);
        let mut open = vec![(modules.add(root, 0), root.to_owned(), folder.to_owned())];
        while let Some((module, file, folder)) = open.pop() {
            let text = read(&file).ok_or_else(|| format!("{}: cannot be read", file.display()))?;
            let syntax = syn::parse_file(&text).map_err(|error| format!("{}: {error}", file.display()))?;
            let mut collector =
                Collector { modules: &mut modules, module, file: &file, folder, read, open: &mut open };
            collector.visit_file(&syntax);
            modules.files.push((module, syntax));
        }
        Ok(modules)
    }

    fn add(&mut self, file: &Path, parent: usize) -> usize {
        let file = file.to_string_lossy().into_owned();
        self.modules.push(Module { file, parent, ..Module::default() });
        self.modules.len() - 1
    }

    #[expect(clippy::indexing_slicing, reason = "the number of a module is its place")]
    fn at(&self, module: usize) -> &Module {
        &self.modules[module]
    }

    #[expect(clippy::indexing_slicing, reason = "the number of a module is its place")]
    fn at_mut(&mut self, module: usize) -> &mut Module {
        &mut self.modules[module]
    }

    /// Each file with its module.
    pub(super) fn files(&self) -> impl Iterator<Item = (usize, &syn::File)> {
        self.files.iter().map(|(module, syntax)| (*module, syntax))
    }

    /// The file that a module is in.
    pub(super) fn file(&self, module: usize) -> &str {
        &self.at(module).file
    }

    /// The module that this one declares by this name.
    pub(super) fn child(&self, module: usize, name: &str) -> Option<usize> {
        self.at(module).names.get(name)?.iter().find_map(|name| match name {
            Name::Module(child) => Some(*child),
            _ => None,
        })
    }

    /// What a path in a module leads to. Nothing, if that is in another crate.
    pub(super) fn resolve(&self, module: usize, path: &[String]) -> Vec<Found> {
        self.follow(module, path, DEPTH)
    }

    fn follow(&self, module: usize, path: &[String], depth: usize) -> Vec<Found> {
        let Some(depth) = depth.checked_sub(1) else { return vec![] };
        let Some((first, mut rest)) = path.split_first() else { return vec![] };
        let mut found = match first.as_str() {
            "crate" => vec![Found::Module(0)],
            "self" => vec![Found::Module(module)],
            "super" => vec![Found::Module(self.at(module).parent)],
            name => self.look_up(module, name, !rest.is_empty(), depth),
        };
        while let Some((name, after)) = rest.split_first() {
            let inner = found.iter().filter_map(|found| match found {
                Found::Module(module) => Some(*module),
                Found::Item(_) => None,
            });
            let inner: Vec<_> = inner.collect();
            if inner.is_empty() {
                // The variant of an enum, or what is associated with a type.
                return found;
            }
            found = inner
                .into_iter()
                .flat_map(|module| match name.as_str() {
                    "super" => vec![Found::Module(self.at(module).parent)],
                    name => self.look_up(module, name, !after.is_empty(), depth),
                })
                .collect();
            rest = after;
        }
        found
    }

    /// What a name stands for in a module. If more of a path follows it, a module comes first.
    fn look_up(&self, module: usize, name: &str, is_prefix: bool, depth: usize) -> Vec<Found> {
        if let (true, Some(child)) = (is_prefix, self.child(module, name)) {
            return vec![Found::Module(child)];
        }
        let here = self.at(module);
        let names = here.names.get(name).into_iter().flatten();
        let mut found: Vec<Found> = names
            .flat_map(|name| match name {
                Name::Item => vec![Found::Item(module)],
                Name::Module(child) => vec![Found::Module(*child)],
                Name::Alias(path) => self.follow(module, path, depth),
            })
            .collect();
        if found.is_empty() && depth > 0 {
            for glob in self.globs(module, depth) {
                found.extend(self.look_up(glob, name, is_prefix, depth - 1));
            }
        }
        found.dedup();
        found
    }

    /// The modules whose names a module takes by `*`.
    fn globs(&self, module: usize, depth: usize) -> Vec<usize> {
        let found = self.at(module).globs.iter().flat_map(|path| self.follow(module, path, depth));
        let modules = found.filter_map(|found| match found {
            Found::Module(glob) if glob != module => Some(glob),
            _ => None,
        });
        modules.collect()
    }
}

/// Notes what a file defines and imports, and which other files it declares.
struct Collector<'a> {
    modules: &'a mut Modules,
    module: usize,
    file: &'a Path,
    /// Where the files of the modules that it declares are.
    folder: PathBuf,
    read: &'a dyn Fn(&Path) -> Option<String>,
    /// The files to be read, each with its module and that folder.
    open: &'a mut Vec<(usize, PathBuf, PathBuf)>,
}

impl Collector<'_> {
    fn note(&mut self, name: String, meaning: Name) {
        self.modules.at_mut(self.module).names.entry(name).or_default().push(meaning);
    }
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(item) {
            return;
        }
        if let Some(name) = name(item) {
            self.note(name, Name::Item);
        }
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        for leaf in leaves(&item.tree) {
            match leaf.name {
                Some(name) => self.note(name, Name::Alias(leaf.path)),
                None if leaf.is_glob => self.modules.at_mut(self.module).globs.push(leaf.path),
                None => {}
            }
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.to_string();
        let inner = self.folder.join(&name);
        if item.content.is_some() {
            let child = self.modules.add(self.file, self.module);
            self.note(name, Name::Module(child));
            let outer = (self.module, std::mem::replace(&mut self.folder, inner));
            self.module = child;
            visit::visit_item_mod(self, item);
            (self.module, self.folder) = outer;
            return;
        }
        let beside = self.file.parent().unwrap_or(self.file);
        let files = match path_attribute(&item.attrs) {
            Some(path) => vec![beside.join(path)],
            None => vec![inner.with_extension("rs"), inner.join("mod.rs")],
        };
        if let Some(file) = files.into_iter().find(|file| (self.read)(file).is_some()) {
            let child = self.modules.add(&file, self.module);
            self.note(name, Name::Module(child));
            self.open.push((child, file, inner));
        }
    }
}

/// One name of a `use`.
pub(super) struct Leaf {
    pub(super) path: Vec<String>,
    /// The name in the importing module. `None` for a glob, and for `_`.
    name: Option<String>,
    pub(super) is_glob: bool,
}

/// The names of a `use`, whatever its braces.
pub(super) fn leaves(tree: &UseTree) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    collect_leaves(tree, &[], &mut leaves);
    leaves
}

fn collect_leaves(tree: &UseTree, prefix: &[String], leaves: &mut Vec<Leaf>) {
    let join = |name: String| {
        // `{self, …}` names what comes before it.
        let name = (name != "self" || prefix.is_empty()).then_some(name);
        prefix.iter().cloned().chain(name).collect::<Vec<_>>()
    };
    match tree {
        UseTree::Path(path) => collect_leaves(&path.tree, &join(path.ident.to_string()), leaves),
        UseTree::Name(name) => {
            let path = join(name.ident.to_string());
            leaves.push(Leaf { name: path.last().cloned(), path, is_glob: false });
        }
        UseTree::Rename(rename) => {
            let name = (rename.rename != "_").then(|| rename.rename.to_string());
            leaves.push(Leaf { path: join(rename.ident.to_string()), name, is_glob: false });
        }
        UseTree::Glob(_) => leaves.push(Leaf { path: prefix.to_vec(), name: None, is_glob: true }),
        UseTree::Group(group) => group.items.iter().for_each(|tree| collect_leaves(tree, prefix, leaves)),
    }
}

/// What looks like a path in the tokens of a macro or an attribute.
pub(super) fn token_paths(tokens: TokenStream) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut path: Vec<String> = Vec::new();
    // The punctuation since the last name.
    let mut since = String::new();
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                let goes_on = since == "::" && !path.is_empty();
                if !goes_on {
                    paths.push(std::mem::take(&mut path));
                }
                // A method or a field is no path.
                if goes_on || !since.ends_with('.') {
                    path.push(name.to_string());
                }
                since.clear();
            }
            TokenTree::Punct(punct) => since.push(punct.as_char()),
            TokenTree::Group(group) => {
                paths.push(std::mem::take(&mut path));
                paths.extend(token_paths(group.stream()));
                since.clear();
            }
            TokenTree::Literal(literal) => {
                paths.push(std::mem::take(&mut path));
                paths.extend(quoted_path(&literal.to_string()));
                since.clear();
            }
        }
    }
    paths.push(path);
    paths.retain(|path| !path.is_empty());
    paths
}

/// The path in a string such as `with = "crate::text"`, for serde.
fn quoted_path(literal: &str) -> Option<Vec<String>> {
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    let names: Vec<_> = text.split("::").map(str::to_owned).collect();
    let starts_here = matches!(names.first()?.as_str(), "crate" | "self" | "super");
    (starts_here && names.len() > 1).then_some(names)
}

/// The name that an item defines.
fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Whether an item is compiled for tests only.
pub(super) fn is_test(item: &Item) -> bool {
    let attributes = match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| {
                let tokens = list.tokens.to_string();
                tokens == "test" || tokens.starts_with("all (test") || tokens.starts_with("all(test")
            })
    })
}

/// The file that `#[path = "…"]` names.
fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("path"))?;
    match &attribute.meta.require_name_value().ok()?.value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) => Some(path.value()),
        _ => None,
    }
}
