//! Finding the function or constant that a bug is in.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use syn::{ImplItem, Item, TraitItem, Type};

use crate::Result;
use crate::source::Source;

/// The functions and constants of crates, read when they are first needed.
#[derive(Default)]
pub(super) struct Places {
    crates: BTreeMap<String, Vec<Place>>,
    pub(super) texts: BTreeMap<PathBuf, String>,
}

/// A function or a constant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    /// Its modules, its type if it has one, and its name.
    path: Vec<String>,
    pub(super) file: PathBuf,
    /// Where in the file it is.
    pub(super) range: Range<usize>,
}

impl Places {
    /// The place that an anchor names: the package, and the end of the path, as `core-reloc::Insn::load`.
    pub(super) fn find(&mut self, anchor: &str) -> Result<Place> {
        let (package, path) =
            anchor.split_once("::").ok_or_else(|| format!("`{anchor}` names no function"))?;
        if !self.crates.contains_key(package) {
            let source = Source::read(&Path::new("crates").join(package).join("src/lib.rs"))?;
            for module in &source.modules {
                self.texts.insert(module.file.clone(), fs::read_to_string(&module.file)?);
            }
            self.crates.insert(package.to_owned(), places(&source));
        }
        find(&self.crates[package], anchor, path).cloned()
    }
}

fn find<'p>(places: &'p [Place], anchor: &str, path: &str) -> Result<&'p Place> {
    let end: Vec<&str> = path.split("::").collect();
    let is_meant = |place: &&Place| {
        let skipped = place.path.len().checked_sub(end.len());
        skipped.is_some_and(|skipped| place.path[skipped..] == end)
    };
    let found: Vec<&Place> = places.iter().filter(is_meant).collect();
    match found[..] {
        [place] => Ok(place),
        [] => Err(format!("there is no function `{anchor}`").into()),
        _ => {
            let paths: Vec<String> = found.iter().map(|place| place.path.join("::")).collect();
            Err(format!("`{anchor}` may be any of {}", paths.join(", ")).into())
        }
    }
}

fn places(source: &Source) -> Vec<Place> {
    let mut places = Vec::new();
    for module in &source.modules {
        let mut path = vec![module.name.clone()];
        let mut parent = module.parent;
        while let Some(module) = parent.map(|parent| &source.modules[parent]) {
            path.insert(0, module.name.clone());
            parent = module.parent;
        }
        // The root has no name.
        path.remove(0);
        let mut add = |names: &[&str], code: &dyn ToTokens| {
            let path = path.iter().cloned().chain(names.iter().map(ToString::to_string)).collect();
            places.push(Place { path, file: module.file.clone(), range: range(code) });
        };
        for item in &module.items {
            match item {
                Item::Fn(item) => add(&[&item.sig.ident.to_string()], item),
                Item::Const(item) => add(&[&item.ident.to_string()], item),
                Item::Static(item) => add(&[&item.ident.to_string()], item),
                Item::Trait(item) => {
                    for method in &item.items {
                        if let TraitItem::Fn(method) = method {
                            add(&[&item.ident.to_string(), &method.sig.ident.to_string()], method);
                        }
                    }
                }
                Item::Impl(item) => {
                    let owner = type_name(&item.self_ty);
                    for member in &item.items {
                        match member {
                            ImplItem::Fn(member) => {
                                add(&[&owner, &member.sig.ident.to_string()], member);
                            }
                            ImplItem::Const(member) => {
                                add(&[&owner, &member.ident.to_string()], member);
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }
    places
}

/// The name of a type without its path, references and parameters.
fn type_name(ty: &Type) -> String {
    match ty {
        Type::Path(ty) => ty.path.segments.last().map(|last| last.ident.to_string()),
        Type::Reference(ty) => Some(type_name(&ty.elem)),
        _ => None,
    }
    .unwrap_or_default()
}

/// Where in its file a piece of code is.
fn range(code: &dyn ToTokens) -> Range<usize> {
    let mut tokens = code.to_token_stream().into_iter();
    let first = tokens.next();
    let last = tokens.last().or_else(|| first.clone());
    let byte_range = |token: Option<proc_macro2::TokenTree>| {
        token.map_or(0..0, |token| token.span().byte_range())
    };
    byte_range(first).start..byte_range(last).end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::source;

    const ROOT: &str = "mod a; fn one() {} const ß: u8 = 1; /// Two.\npub fn two() { 2 }";
    const A: &str = "struct S<T>(T); impl<T> S<T> { const C: u8 = 1; fn one() {} }
                     impl From<u8> for S<u8> { fn from(_: u8) -> Self { todo!() } }
                     trait T { fn three() {} } #[cfg(test)] fn four() {}";

    #[test]
    fn functions_are_found_by_the_end_of_their_path() {
        let places = places(&source(&[("lib.rs", ROOT), ("a.rs", A)]));
        let check = |path: &str| find(&places, path, path);
        for (path, file, expected) in [
            ("two", ROOT, "/// Two.\npub fn two() { 2 }"),
            ("ß", ROOT, "const ß: u8 = 1;"),
            ("S::one", A, "fn one() {}"),
            ("a::S::C", A, "const C: u8 = 1;"),
            ("S::from", A, "fn from(_: u8) -> Self { todo!() }"),
            ("three", A, "fn three() {}"),
        ] {
            assert_eq!(&file[check(path).unwrap().range.clone()], expected);
        }
        let error = check("one").unwrap_err().to_string();
        assert_eq!(error, "`one` may be any of one, a::S::one");
        assert!(check("four").is_err() && check("b::two").is_err() && check("").is_err());
    }
}
