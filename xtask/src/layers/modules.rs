//! The modules of a crate, and the resolution of paths in them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{
    Attribute, Item, ItemMacro, ItemMod, ItemUse, Meta, Token, UseTree,
    ext::IdentExt,
    punctuated::Punctuated,
    visit::{self, Visit},
};

use crate::result::Result;

/// How many aliases and globs in a row are followed.
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

/// The meaning of a name in a module.
enum Name {
    Item,
    Module(usize),
    Alias(Vec<String>),
    /// A name in a macro call. The macro may define an item of this name.
    Guess,
}

/// The limits for following a path.
#[derive(Clone, Copy)]
struct Search {
    /// How many more aliases and globs to follow.
    depth: usize,
    /// Whether a [`Name::Guess`] counts as an item.
    guesses: bool,
}

impl Search {
    fn deeper(self) -> Option<Self> {
        Some(Self { depth: self.depth.checked_sub(1)?, ..self })
    }
}

/// The target of a path.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Found {
    Module(usize),
    /// An item of this module.
    Item(usize),
}

impl Modules {
    /// Reads the crate with this root file.
    ///
    /// # Errors
    ///
    /// If a file is missing, cannot be read, or is not UTF-8 or not Rust.
    pub(super) fn parse(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Result<Self> {
        let mut modules = Self { modules: Vec::new(), files: Vec::new() };
        let folder = root.parent().unwrap_or(root);
        let mut open = vec![(modules.add(root, 0), root.to_owned(), folder.to_owned())];
        while let Some((module, file, folder)) = open.pop() {
            let text = read(&file).ok_or_else(|| format!("{}: cannot be read", file.display()))?;
            let syntax = syn::parse_file(&text).map_err(|error| format!("{}: {error}", file.display()))?;
            let mut collector = Collector {
                modules: &mut modules,
                module,
                file: &file,
                folder,
                is_inline: false,
                read,
                open: &mut open,
                unreadable: Vec::new(),
            };
            collector.visit_file(&syntax);
            if let Some(problem) = collector.unreadable.into_iter().next() {
                return Err(problem.into());
            }
            modules.files.push((module, syntax));
        }
        Ok(modules)
    }

    fn add(&mut self, file: &Path, parent: usize) -> usize {
        let file = file.to_string_lossy().into_owned();
        self.modules.push(Module { file, parent, ..Module::default() });
        self.modules.len() - 1
    }

    #[expect(clippy::indexing_slicing, reason = "a module's number is its index")]
    fn at(&self, module: usize) -> &Module {
        &self.modules[module]
    }

    #[expect(clippy::indexing_slicing, reason = "a module's number is its index")]
    fn at_mut(&mut self, module: usize) -> &mut Module {
        &mut self.modules[module]
    }

    /// Returns each file with its module.
    pub(super) fn files(&self) -> impl Iterator<Item = (usize, &syn::File)> {
        self.files.iter().map(|(module, syntax)| (*module, syntax))
    }

    /// Returns the file that contains a module.
    pub(super) fn file(&self, module: usize) -> &str {
        &self.at(module).file
    }

    /// Returns the modules with this name that this one declares. There are several if each is for another platform.
    pub(super) fn children(&self, module: usize, name: &str) -> impl Iterator<Item = usize> {
        self.at(module).names.get(name).into_iter().flatten().filter_map(|name| match name {
            Name::Module(child) => Some(*child),
            _ => None,
        })
    }

    /// Resolves a path in a module. The result is empty if the target is in another crate.
    pub(super) fn resolve(&self, module: usize, path: &[String]) -> Vec<Found> {
        let found = self.follow(module, path, Search { depth: DEPTH, guesses: false });
        // Most names in a macro call are not definitions.
        if found.is_empty() {
            self.follow(module, path, Search { depth: DEPTH, guesses: true })
        } else {
            found
        }
    }

    fn follow(&self, module: usize, path: &[String], search: Search) -> Vec<Found> {
        let Some(search) = search.deeper() else { return vec![] };
        let Some((first, mut rest)) = path.split_first() else { return vec![] };
        let mut found = match first.as_str() {
            "crate" => vec![Found::Module(0)],
            "self" => vec![Found::Module(module)],
            "super" => vec![Found::Module(self.at(module).parent)],
            name => self.look_up(module, name, !rest.is_empty(), search),
        };
        while let Some((name, after)) = rest.split_first() {
            let inner = found.iter().filter_map(|found| match found {
                Found::Module(module) => Some(*module),
                Found::Item(_) => None,
            });
            let inner: Vec<_> = inner.collect();
            if inner.is_empty() {
                // An enum variant or an associated item.
                return found;
            }
            found = inner
                .into_iter()
                .flat_map(|module| match name.as_str() {
                    "super" => vec![Found::Module(self.at(module).parent)],
                    name => self.look_up(module, name, !after.is_empty(), search),
                })
                .collect();
            rest = after;
        }
        found
    }

    /// Resolves a name in a module. If more of the path follows, modules have priority.
    fn look_up(&self, module: usize, name: &str, is_prefix: bool, search: Search) -> Vec<Found> {
        if is_prefix {
            let children: Vec<_> = self.children(module, name).map(Found::Module).collect();
            if !children.is_empty() {
                return children;
            }
        }
        let names = self.at(module).names.get(name).into_iter().flatten();
        let mut found: Vec<Found> = names
            .flat_map(|name| match name {
                Name::Item => vec![Found::Item(module)],
                Name::Module(child) => vec![Found::Module(*child)],
                Name::Alias(path) => self.follow(module, path, search),
                Name::Guess if search.guesses => vec![Found::Item(module)],
                Name::Guess => vec![],
            })
            .collect();
        if let (true, Some(deeper)) = (found.is_empty(), search.deeper()) {
            for glob in self.globs(module, search) {
                found.extend(self.look_up(glob, name, is_prefix, deeper));
            }
        }
        found.dedup();
        found
    }

    /// Returns the modules whose names a module imports with `*`.
    fn globs(&self, module: usize, search: Search) -> Vec<usize> {
        let found = self.at(module).globs.iter().flat_map(|path| self.follow(module, path, search));
        let modules = found.filter_map(|found| match found {
            Found::Module(glob) if glob != module => Some(glob),
            _ => None,
        });
        modules.collect()
    }
}

/// Records the definitions and imports of a file, and the files that it declares.
struct Collector<'a> {
    modules: &'a mut Modules,
    module: usize,
    file: &'a Path,
    /// The folder with the files of the modules that it declares.
    folder: PathBuf,
    /// Whether the visitor is inside `mod name { … }`.
    is_inline: bool,
    read: &'a dyn Fn(&Path) -> Option<String>,
    /// The files to read, each with its module and folder.
    open: &'a mut Vec<(usize, PathBuf, PathBuf)>,
    /// An error for each module without a readable file.
    unreadable: Vec<String>,
}

impl Collector<'_> {
    fn note(&mut self, name: String, meaning: Name) {
        self.modules.at_mut(self.module).names.entry(name).or_default().push(meaning);
    }

    /// Records the module in the first readable file. Returns whether there is one.
    fn declare(&mut self, item: &ItemMod, files: &[PathBuf], folder: &Path) -> bool {
        let file = files.iter().find(|file| (self.read)(file).is_some());
        if let Some(file) = file {
            let child = self.modules.add(file, self.module);
            self.note(item.ident.to_string(), Name::Module(child));
            self.open.push((child, file.clone(), folder.to_owned()));
        }
        file.is_some()
    }

    fn reject(&mut self, item: &ItemMod, files: &[PathBuf]) {
        let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        let (declared_in, name) = (self.file.display(), &item.ident);
        self.unreadable.push(format!("{declared_in}: mod {name}: {} cannot be read", files.join(" or ")));
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

    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        // The body of `macro_rules!` defines nothing yet.
        if item.ident.is_none() {
            for name in lone_names(item.mac.tokens.clone()) {
                self.note(name, Name::Guess);
            }
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.unraw().to_string();
        let inner = self.folder.join(&name);
        let paths = PathAttributes::from_attributes(&item.attrs);
        let beside = if self.is_inline { &self.folder } else { self.file.parent().unwrap_or(self.file) };
        let beside = beside.to_owned();
        if item.content.is_some() {
            let inner = paths.files.first().map_or(inner, |path| beside.join(path));
            let child = self.modules.add(self.file, self.module);
            self.note(item.ident.to_string(), Name::Module(child));
            let module = std::mem::replace(&mut self.module, child);
            let folder = std::mem::replace(&mut self.folder, inner);
            let is_inline = std::mem::replace(&mut self.is_inline, true);
            visit::visit_item_mod(self, item);
            (self.module, self.folder, self.is_inline) = (module, folder, is_inline);
            return;
        }
        for path in &paths.files {
            let file = beside.join(path);
            // Modules that such a file declares are next to it.
            let folder = file.parent().unwrap_or(&file).to_owned();
            let files = [file];
            if !self.declare(item, &files, &folder) {
                self.reject(item, &files);
            }
        }
        if !paths.is_always {
            let files = [self.folder.join(format!("{name}.rs")), inner.join("mod.rs")];
            // If neither file exists, one of the paths must apply on every platform.
            if !self.declare(item, &files, &inner) && paths.files.is_empty() {
                self.reject(item, &files);
            }
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

/// Returns the names of a `use`, with its braces expanded.
pub(super) fn leaves(tree: &UseTree) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    collect_leaves(tree, &[], &mut leaves);
    leaves
}

fn collect_leaves(tree: &UseTree, prefix: &[String], leaves: &mut Vec<Leaf>) {
    let join = |name: String| {
        // `{self, …}` names the path before the braces.
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

/// Returns the paths in the tokens of a macro or an attribute.
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
                // A method or a field is not a path.
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

/// Returns the lone names in a macro call, outside attributes. The macro may define items with these names.
fn lone_names(tokens: TokenStream) -> Vec<String> {
    let mut follows_hash = false;
    let code = tokens.into_iter().filter(|token| {
        let is_bracket = matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket);
        let is_attribute = follows_hash && is_bracket;
        follows_hash = matches!(token, TokenTree::Punct(punct) if punct.as_char() == '#');
        !is_attribute
    });
    token_paths(code.collect()).into_iter().filter(|path| path.len() == 1).flatten().collect()
}

/// Returns the path in a string such as serde's `with = "crate::text"`.
fn quoted_path(literal: &str) -> Option<Vec<String>> {
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    let names: Vec<_> = text.split("::").map(str::to_owned).collect();
    let starts_here = matches!(names.first()?.as_str(), "crate" | "self" | "super");
    (starts_here && names.len() > 1).then_some(names)
}

/// Returns the name that an item defines.
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

/// Returns whether an item is compiled only for tests.
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

/// The files named in the attributes of a module.
#[derive(Default)]
struct PathAttributes {
    files: Vec<String>,
    /// Whether one of them is outside `cfg_attr`.
    is_always: bool,
}

impl PathAttributes {
    fn from_attributes(attributes: &[Attribute]) -> Self {
        let mut paths = Self::default();
        for attribute in attributes {
            paths.collect(&attribute.meta, true);
        }
        paths
    }

    fn collect(&mut self, meta: &Meta, is_always: bool) {
        match meta {
            Meta::NameValue(pair) if pair.path.is_ident("path") => {
                if let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) = &pair.value {
                    self.files.push(path.value());
                    self.is_always |= is_always;
                }
            }
            Meta::List(list) if list.path.is_ident("cfg_attr") => {
                let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
                // The first part is the condition.
                for meta in parts.into_iter().flatten().skip(1) {
                    self.collect(&meta, false);
                }
            }
            _ => {}
        }
    }
}
