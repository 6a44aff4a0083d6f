//! What comes before the declarators: base types, typedefs, tags and qualifiers.

use btf_types::IntEncoding;

use crate::{
    error::Result,
    parser::Parser,
    token::Token,
    types::{Ref, Type},
};

/// The words that base types are made of.
const BASE_WORDS: [&str; 12] = [
    "void", "char", "short", "int", "long", "signed", "unsigned", "float", "double", "_Bool",
    "bool", "__int128",
];

/// Qualifiers and type tags. They apply from the inside out in the order of the fields.
#[derive(Debug, Default)]
struct Qualifiers<'s> {
    is_volatile: bool,
    is_const: bool,
    is_restrict: bool,
    tags: Vec<&'s str>,
}

impl<'s> Parser<'s> {
    /// `const unsigned int`, `u32 volatile`, `struct s { … }`, …
    pub(crate) fn specifier(&mut self) -> Result<Ref> {
        let mut qualifiers = Qualifiers::default();
        let mut words = Vec::new();
        let mut found = None;
        loop {
            if self.qualifier(&mut qualifiers)? {
                continue;
            }
            let Token::Word(word) = self.peek() else { break };
            let is_first = found.is_none() && words.is_empty();
            if found.is_none() && BASE_WORDS.contains(&word) {
                words.push(word);
                self.next += 1;
            } else if is_first && matches!(word, "struct" | "union") {
                found = Some(self.composite()?);
            } else if is_first && word == "enum" {
                found = Some(self.enumeration()?);
            } else if is_first {
                let known = self.named(word);
                found = Some(known.ok_or_else(|| self.error(format!("`{word}` is not a type")))?);
                self.next += 1;
            } else {
                break;
            }
        }
        let ty = match found {
            Some(ty) => ty,
            None if words.is_empty() => return Err(self.expected("a type")),
            None => self.base_type(&words),
        };
        Ok(self.qualified(ty, qualifiers))
    }

    /// Adds the qualifiers that follow a `*`.
    pub(crate) fn qualified_pointer(&mut self, pointer: Ref) -> Result<Ref> {
        let mut qualifiers = Qualifiers::default();
        while self.qualifier(&mut qualifiers)? {}
        Ok(self.qualified(pointer, qualifiers))
    }

    /// Takes a qualifier or a type tag if one is next.
    fn qualifier(&mut self, qualifiers: &mut Qualifiers<'s>) -> Result<bool> {
        match self.peek() {
            Token::Word("volatile") => qualifiers.is_volatile = true,
            Token::Word("const") => qualifiers.is_const = true,
            Token::Word("restrict") => qualifiers.is_restrict = true,
            Token::Word("__attribute__") => {
                let tag = self.attribute("btf_type_tag")?;
                qualifiers.tags.push(tag.ok_or_else(|| self.expected("the tag"))?);
                return Ok(true);
            }
            _ => return Ok(false),
        }
        self.next += 1;
        Ok(true)
    }

    /// `__attribute__((name))` or `__attribute__((name("text")))`; returns the text.
    pub(crate) fn attribute(&mut self, name: &str) -> Result<Option<&'s str>> {
        self.next += 1;
        self.expect('(')?;
        self.expect('(')?;
        if !self.take_word(name) {
            return Err(self.expected(&format!("`{name}`")));
        }
        let mut text = None;
        if self.take('(') {
            text = Some(self.text()?);
            self.expect(')')?;
        }
        self.expect(')')?;
        self.expect(')')?;
        Ok(text)
    }

    fn qualified(&mut self, mut ty: Ref, qualifiers: Qualifiers<'s>) -> Ref {
        if qualifiers.is_volatile {
            ty = self.types.shared(Type::Volatile(ty));
        }
        if qualifiers.is_const {
            ty = self.types.shared(Type::Const(ty));
        }
        if qualifiers.is_restrict {
            ty = self.types.shared(Type::Restrict(ty));
        }
        for tag in qualifiers.tags {
            ty = self.types.shared(Type::Tagged { tag, of: ty });
        }
        ty
    }

    /// The latest base type or typedef of a name.
    fn named(&self, name: &str) -> Option<Ref> {
        self.names.iter().rev().find(|(known, _)| known == name).map(|(_, ty)| *ty)
    }

    /// The base type that words such as `long unsigned` name, under the name that clang gives it unless
    /// it was described by hand in these words.
    fn base_type(&mut self, words: &[&str]) -> Ref {
        if let Some(known) = self.named(&words.join(" ")) {
            return known;
        }
        let has = |word| words.contains(&word);
        let longs = words.iter().filter(|word| **word == "long").count();
        let long_size = self.pointer_size;
        let (word, size, mut flags) = if has("void") {
            return Ref::Void;
        } else if has("float") {
            ("float", 4, None)
        } else if has("double") {
            if longs > 0 { ("long double", 16, None) } else { ("double", 8, None) }
        } else if has("_Bool") || has("bool") {
            ("_Bool", 1, Some(IntEncoding::BOOL))
        } else if has("char") {
            (if has("signed") { "signed char" } else { "char" }, 1, Some(IntEncoding::SIGNED))
        } else if has("short") {
            ("short", 2, Some(IntEncoding::SIGNED))
        } else if has("__int128") {
            ("__int128", 16, Some(IntEncoding::SIGNED))
        } else {
            let (word, size) = [("int", 4), ("long", long_size), ("long long", 8)][longs.min(2)];
            (word, size, Some(IntEncoding::SIGNED))
        };
        let mut name = word.to_owned();
        if has("unsigned") {
            name = format!("unsigned {word}");
            flags = Some(0);
        }
        if let Some(known) = self.named(&name) {
            return known;
        }
        self.types.shared(match flags {
            None => Type::Float { name, size },
            Some(flags) => {
                let bits = u8::try_from(8 * size).expect("at most 128 bits");
                Type::Int { name, size, encoding: IntEncoding::new(bits, flags) }
            }
        })
    }
}
