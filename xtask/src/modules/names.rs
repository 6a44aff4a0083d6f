//! Which module defines the items that another module names.
//!
//! Names are resolved without types: what is called as a method is not seen, and of an associated
//! item the type is what counts. A name that no module defines belongs to another crate or to a
//! function's body.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Ident, Item, UseTree};

use super::graph::Edge;
use crate::source::{Source, is_test_only};

/// All imports of a crate, at most one for each module and item that it names.
pub(super) fn edges(source: &Source) -> Vec<Edge> {
    let mut scopes = Vec::new();
    for module in &source.modules {
        let mut scope = Scope::default();
        for (name, child) in &module.children {
            scope.bind(name, Binding::Module(*child));
        }
        for item in &module.items {
            scope.visit_item(item);
            if let Some(name) = defined(item) {
                scope.bind(&name.to_string(), Binding::Item);
            }
            if let Item::Macro(call) = item
                && call.ident.is_none()
            {
                words(&call.mac.tokens, &mut scope.made);
            }
        }
        scopes.push(scope);
    }
    Names { source, scopes }.edges()
}

/// A path that a module's code names.
struct Mention {
    path: Vec<String>,
    line: usize,
}

/// What a name in a module stands for.
enum Binding {
    Module(usize),
    /// An item that the module defines.
    Item,
    /// What a `use` brings in.
    Import(Vec<String>),
}

/// The names in a module, and those that it mentions.
#[derive(Default)]
struct Scope {
    names: BTreeMap<String, Vec<Binding>>,
    /// The paths of `use path::*`.
    globs: Vec<Vec<String>>,
    /// The words in calls of macros that may define items.
    made: BTreeSet<String>,
    mentions: Vec<Mention>,
}

/// The name that an item defines.
fn defined(item: &Item) -> Option<&Ident> {
    match item {
        Item::Const(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Fn(item) => Some(&item.sig.ident),
        Item::Macro(item) => item.ident.as_ref(),
        Item::Static(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Trait(item) => Some(&item.ident),
        Item::TraitAlias(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        Item::Union(item) => Some(&item.ident),
        _ => None,
    }
}

impl Scope {
    fn bind(&mut self, name: &str, binding: Binding) {
        self.names.entry(name.to_owned()).or_default().push(binding);
    }

    /// Binds what a `use` brings in, after the part of the path that is already read.
    fn import(&mut self, tree: &UseTree, path: &[String]) {
        let joined = |name: &Ident| {
            let mut path = path.to_vec();
            // `use path::{self}` is the path itself.
            if path.is_empty() || name != "self" {
                path.push(name.to_string());
            }
            path
        };
        let line = tree.span().start().line;
        match tree {
            UseTree::Path(tree) => self.import(&tree.tree, &joined(&tree.ident)),
            UseTree::Group(tree) => tree.items.iter().for_each(|tree| self.import(tree, path)),
            UseTree::Glob(_) => {
                self.globs.push(path.to_vec());
                self.mentions.push(Mention { path: path.to_vec(), line });
            }
            UseTree::Name(name) => {
                let path = joined(&name.ident);
                self.bind(&path.last().cloned().unwrap_or_default(), Binding::Import(path.clone()));
                self.mentions.push(Mention { path, line });
            }
            UseTree::Rename(tree) => {
                let path = joined(&tree.ident);
                self.bind(&tree.rename.to_string(), Binding::Import(path.clone()));
                self.mentions.push(Mention { path, line });
            }
        }
    }

    /// Notes the paths of two and more names in a macro's tokens.
    fn tokens(&mut self, tokens: &TokenStream, only_crate: bool) {
        let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let is_colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.tokens(&group.stream(), only_crate),
                TokenTree::Ident(first) if !(at >= 2 && is_colon(at - 1) && is_colon(at - 2)) => {
                    let mut path = vec![first.to_string()];
                    while is_colon(at + 1)
                        && is_colon(at + 2)
                        && let Some(TokenTree::Ident(name)) = tokens.get(at + 3)
                    {
                        path.push(name.to_string());
                        at += 3;
                    }
                    if path.len() > 1 && (!only_crate || path[0] == "crate") {
                        self.mentions.push(Mention { path, line: first.span().start().line });
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }
}

/// Collects the words in tokens.
fn words(tokens: &TokenStream, found: &mut BTreeSet<String>) {
    for token in tokens.clone() {
        match token {
            TokenTree::Ident(word) => {
                found.insert(word.to_string());
            }
            TokenTree::Group(group) => words(&group.stream(), found),
            _ => {}
        }
    }
}

/// Leaves out what only tests see.
macro_rules! skip_tests {
    ($($visit:ident: $node:ident),* $(,)?) => {
        $(fn $visit(&mut self, node: &'ast syn::$node) {
            if !is_test_only(node) {
                visit::$visit(self, node);
            }
        })*
    };
}

impl<'ast> Visit<'ast> for Scope {
    skip_tests! {
        visit_item: Item,
        visit_impl_item: ImplItem,
        visit_trait_item: TraitItem,
        visit_stmt: Stmt,
        visit_field: Field,
        visit_field_value: FieldValue,
        visit_variant: Variant,
        visit_arm: Arm,
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            self.import(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let line = path.span().start().line;
            let path = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.mentions.push(Mention { path, line });
        }
        visit::visit_path(self, path);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if item.ident.is_some() {
            self.tokens(&item.mac.tokens, true);
        } else {
            self.visit_macro(&item.mac);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.tokens(&call.tokens, false);
    }
}

/// What a path leads to: a module, or an item that a module defines.
#[derive(Clone)]
struct Place {
    module: usize,
    item: Option<String>,
}

struct Names<'s> {
    source: &'s Source,
    scopes: Vec<Scope>,
}

/// The imports that are being followed, so that one that leads to itself ends.
type Following = Vec<(usize, String)>;

impl Names<'_> {
    fn edges(&self) -> Vec<Edge> {
        let (mut edges, mut seen) = (Vec::new(), BTreeSet::new());
        for (from, scope) in self.scopes.iter().enumerate() {
            for Mention { path, line } in &scope.mentions {
                for Place { module: to, item } in self.resolve(from, path, &mut Vec::new()) {
                    let Some(item) = item else { continue };
                    let is_own = to == from || self.source.is_ancestor(to, from);
                    if !is_own && seen.insert((from, to, item.clone())) {
                        edges.push(Edge { from, to, line: *line, item });
                    }
                }
            }
        }
        edges
    }

    /// Where a path that a module names leads; nowhere if that is in another crate.
    fn resolve(&self, from: usize, path: &[String], following: &mut Following) -> Vec<Place> {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        match first.as_str() {
            "crate" => self.walk(0, rest, following),
            "self" => self.walk(from, rest, following),
            "super" => match self.source.modules[from].parent {
                Some(parent) if rest.first().is_some_and(|next| next == "super") => {
                    self.resolve(parent, rest, following)
                }
                Some(parent) => self.walk(parent, rest, following),
                None => Vec::new(),
            },
            _ => self.walk(from, path, following),
        }
    }

    /// Where a path leads that starts inside a module.
    fn walk(&self, module: usize, path: &[String], following: &mut Following) -> Vec<Place> {
        let Some((first, rest)) = path.split_first() else {
            return vec![Place { module, item: None }];
        };
        let places = self.look_up(module, first, following);
        let (modules, items): (Vec<Place>, Vec<Place>) =
            places.into_iter().partition(|place| place.item.is_none());
        if rest.is_empty() {
            return if items.is_empty() { modules } else { items };
        }
        // The rest of a path after an item are its associated items or variants.
        if modules.is_empty() {
            return items;
        }
        modules.iter().flat_map(|place| self.walk(place.module, rest, following)).collect()
    }

    /// What a name in a module stands for.
    fn look_up(&self, module: usize, name: &str, following: &mut Following) -> Vec<Place> {
        let step = (module, name.to_owned());
        if following.contains(&step) {
            return Vec::new();
        }
        following.push(step);
        let scope = &self.scopes[module];
        let item = || Place { module, item: Some(name.to_owned()) };
        let mut places = Vec::new();
        for binding in scope.names.get(name).into_iter().flatten() {
            match binding {
                Binding::Module(module) => places.push(Place { module: *module, item: None }),
                Binding::Item => places.push(item()),
                Binding::Import(path) => places.extend(self.resolve(module, path, following)),
            }
        }
        if places.is_empty() && scope.made.contains(name) {
            places.push(item());
        }
        if places.is_empty() {
            for glob in &scope.globs {
                for place in self.resolve(module, glob, following) {
                    if place.item.is_none() {
                        places.extend(self.look_up(place.module, name, following));
                    }
                }
            }
        }
        following.pop();
        places
    }
}
