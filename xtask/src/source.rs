//! A crate's source as a tree of modules, parsed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Item, Meta, Token};

use crate::Result;

/// A crate's modules; the first one is its root. Modules that are compiled only for tests are left
/// out.
pub(crate) struct Source {
    pub(crate) modules: Vec<Module>,
}

/// A module: a file, or a module with a body in one.
pub(crate) struct Module {
    /// The name, empty for the crate's root.
    pub(crate) name: String,
    /// The file that the module's text is in.
    pub(crate) file: PathBuf,
    pub(crate) parent: Option<usize>,
    pub(crate) children: BTreeMap<String, usize>,
    /// What the module consists of, without its child modules and what only tests see.
    pub(crate) items: Vec<Item>,
}

/// Reads the text of a file, or returns `None` if there is no such file.
type ReadFile<'r> = &'r dyn Fn(&Path) -> Result<Option<String>>;

impl Source {
    /// Reads the crate whose root is this file.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        Self::read_with(root, &|path| match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display()).into()),
        })
    }

    /// Reads the crate whose root is this file, with a function that reads files.
    pub(crate) fn read_with(root: &Path, read: ReadFile) -> Result<Self> {
        let mut source = Self { modules: Vec::new() };
        let items =
            parse(root, read)?.ok_or_else(|| format!("{}: no such file", root.display()))?;
        let folder = root.parent().unwrap_or(Path::new(""));
        source.add(String::new(), None, root, folder, items, read)?;
        Ok(source)
    }

    /// Adds a module and its children, whose files are in `folder`.
    fn add(
        &mut self,
        name: String,
        parent: Option<usize>,
        file: &Path,
        folder: &Path,
        items: Vec<Item>,
        read: ReadFile,
    ) -> Result<usize> {
        let id = self.modules.len();
        let file = file.to_owned();
        let children = BTreeMap::new();
        self.modules.push(Module { name, file, parent, children, items: Vec::new() });
        for item in items.into_iter().filter(|item| !is_test_only(item)) {
            let Item::Mod(module) = item else {
                self.modules[id].items.push(item);
                continue;
            };
            let name = module.ident.to_string();
            let folder = folder.join(&name);
            let child = if let Some((_, items)) = module.content {
                let file = self.modules[id].file.clone();
                self.add(name.clone(), Some(id), &file, &folder, items, read)?
            } else {
                let (file, items) = find(&folder, read)?;
                self.add(name.clone(), Some(id), &file, &folder, items, read)?
            };
            self.modules[id].children.insert(name, child);
        }
        Ok(id)
    }

    /// Returns `true` if the first module contains the second, at any depth.
    pub(crate) fn is_ancestor(&self, ancestor: usize, module: usize) -> bool {
        let parent = |module: &usize| self.modules[*module].parent;
        std::iter::successors(parent(&module), parent).any(|module| module == ancestor)
    }
}

/// The file of the module whose children are in `folder`, with its items.
fn find(folder: &Path, read: ReadFile) -> Result<(PathBuf, Vec<Item>)> {
    for file in [folder.with_extension("rs"), folder.join("mod.rs")] {
        if let Some(items) = parse(&file, read)? {
            return Ok((file, items));
        }
    }
    Err(format!("{}.rs: no such file", folder.display()).into())
}

fn parse(file: &Path, read: ReadFile) -> Result<Option<Vec<Item>>> {
    let Some(text) = read(file)? else { return Ok(None) };
    let parsed = syn::parse_file(&text)
        .map_err(|error| format!("{}:{}: {error}", file.display(), error.span().start().line))?;
    Ok(Some(parsed.items))
}

/// Returns `true` if a piece of code, which starts with its attributes, is compiled only for tests.
pub(crate) fn is_test_only(code: &impl ToTokens) -> bool {
    let read = |input: ParseStream| {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<proc_macro2::TokenStream>()?;
        Ok(attributes)
    };
    let attributes = read.parse2(code.to_token_stream()).unwrap_or_default();
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<Meta>().is_ok_and(|condition| needs_test(&condition))
    })
}

/// Returns `true` if a condition of `cfg` holds only for tests.
fn needs_test(condition: &Meta) -> bool {
    let Meta::List(list) = condition else { return condition.path().is_ident("test") };
    let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let parts = parts.unwrap_or_default();
    if list.path.is_ident("all") {
        parts.iter().any(needs_test)
    } else {
        list.path.is_ident("any") && !parts.is_empty() && parts.iter().all(needs_test)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A crate made of these files.
    pub(crate) fn source(files: &[(&str, &str)]) -> Source {
        let read = |path: &Path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path);
            Ok(file.map(|(_, text)| (*text).to_owned()))
        };
        Source::read_with(Path::new("lib.rs"), &read).unwrap()
    }

    #[test]
    fn modules_are_files_or_have_a_body() {
        let source = source(&[
            ("lib.rs", "mod a; mod b { mod c; } #[cfg(test)] mod tests;"),
            ("a.rs", "pub mod d;"),
            ("a/d.rs", "fn f() {}"),
            ("b/c/mod.rs", ""),
        ]);
        let shown = |module: &Module| {
            let parent = module.parent.map_or("", |parent| &source.modules[parent].name);
            format!("{parent}::{} in {}", module.name, module.file.display())
        };
        assert_eq!(
            source.modules.iter().map(shown).collect::<Vec<_>>(),
            [
                ":: in lib.rs",
                "::a in a.rs",
                "a::d in a/d.rs",
                "::b in lib.rs",
                "b::c in b/c/mod.rs"
            ]
        );
        assert!(source.is_ancestor(0, 2) && !source.is_ancestor(3, 2) && !source.is_ancestor(2, 2));
    }

    #[test]
    fn conditions_that_hold_only_for_tests_are_found() {
        for (condition, expected) in [
            ("test", true),
            ("all(test, feature = \"a\")", true),
            ("any(test, all(test, unix))", true),
            ("any(test, feature = \"a\")", false),
            ("not(test)", false),
            ("any()", false),
            ("feature = \"test\"", false),
        ] {
            let item: Item = syn::parse_str(&format!("#[cfg({condition})] fn f() {{}}")).unwrap();
            assert_eq!(is_test_only(&item), expected, "{condition}");
        }
    }
}
