//! The parser: its tokens, and declarations at the top of a text.

use btf_types::{Btf, IntEncoding, Kind, Linkage};

use crate::{
    error::{Error, Result},
    token::{Token, tokens},
    types::{Ref, TagKind, Type, Types},
};

pub(crate) struct Parser<'s> {
    source: &'s str,
    tokens: Vec<(Token<'s>, usize)>,
    /// The index of the next token.
    pub(crate) next: usize,
    pub(crate) types: Types<'s>,
    /// Base types and typedefs by name. Of equal names the last one counts.
    pub(crate) names: Vec<(String, Ref)>,
    pub(crate) pointer_size: u32,
    /// Whether signed enums have the kind_flag.
    pub(crate) has_enum_flags: bool,
    /// The type that arrays are indexed with, if it is not clang's.
    pub(crate) array_index: Option<Ref>,
    /// What lies in a section: its name, and the index of a variable or function.
    sections: Vec<(&'s str, usize)>,
}

impl<'s> Parser<'s> {
    pub(crate) fn new(source: &'s str) -> Result<Self> {
        Ok(Self {
            source,
            tokens: tokens(source)?,
            next: 0,
            types: Types::default(),
            names: Vec::new(),
            pointer_size: 8,
            has_enum_flags: true,
            array_index: None,
            sections: Vec::new(),
        })
    }

    /// Lets the text refer to the INTs and FLOATs of a base.
    pub(crate) fn on(mut self, base: &Btf<'_>) -> Self {
        for ty in base.types().filter(|ty| matches!(ty.kind(), Kind::Int | Kind::Float)) {
            let name =
                ty.name().expect("the base is well-formed").to_str().expect("C has names in ASCII");
            let size = ty.stated_size().unwrap_or_default();
            self.names.push((name.into(), Ref::Base { id: ty.id(), size }));
        }
        self
    }

    /// Reads the whole text.
    pub(crate) fn parse(mut self) -> Result<Types<'s>> {
        while self.peek() != Token::End {
            if self.take('@') {
                self.directive()?;
            } else if !self.take(';') {
                self.declaration()?;
            }
        }
        for tag in 0..self.types.tags.len() {
            if self.types.tags[tag].first_and_latest.is_none() {
                self.types.declare_tag(tag);
            }
        }
        self.add_sections();
        Ok(self.types)
    }

    /// `typedef int u32;`, `struct s;`, `extern int f(void), v SEC("name");`
    fn declaration(&mut self) -> Result<()> {
        let is_typedef = self.take_word("typedef");
        let linkage = if self.take_word("extern") {
            Linkage::Extern
        } else if self.take_word("static") {
            Linkage::Static
        } else {
            Linkage::Global
        };
        let base = self.specifier()?;
        if self.take(';') {
            if let Ref::Tag(tag) = base
                && !self.is_defined_later(tag)
            {
                self.types.declare_tag(tag);
            }
            return Ok(());
        }
        loop {
            let (name, of) = self.declarator(base)?;
            if name.is_empty() {
                return Err(self.expected("a name"));
            }
            let declared = if is_typedef {
                let typedef = self.types.add(Type::Typedef { name, of });
                self.names.push((name.into(), typedef));
                typedef
            } else if self.types.is_prototype(of) {
                self.types.add(Type::Function { name, prototype: of, linkage })
            } else {
                self.types.add(Type::Variable { name, of, linkage })
            };
            if self.take_word("SEC") {
                self.expect('(')?;
                let section = self.text()?;
                self.expect(')')?;
                if let Ref::Type(index) = declared {
                    self.sections.push((section, index));
                }
            }
            if !self.take(',') {
                return self.expect(';');
            }
        }
    }

    /// Whether the rest of the text has `struct NAME {` of a tag.
    fn is_defined_later(&self, tag: usize) -> bool {
        let tag = &self.types.tags[tag];
        let keyword = match tag.kind {
            TagKind::Struct => "struct",
            TagKind::Union => "union",
            TagKind::Enum => "enum",
        };
        self.tokens[self.next..].windows(3).any(|tokens| {
            tokens[0].0 == Token::Word(keyword)
                && tokens[1].0 == Token::Word(tag.name)
                && matches!(tokens[2].0, Token::Mark('{' | ':'))
        })
    }

    /// `@pointer_size 4;`, `@int unsigned int 4;`, `@float half 2;`; the `@` is read.
    fn directive(&mut self) -> Result<()> {
        const KNOWN: &str = "`pointer_size`, `enum_flags`, `array_index`, `int` or `float`";
        let directive = self.word(KNOWN)?;
        match directive {
            "pointer_size" => self.pointer_size = self.small_number()?,
            "enum_flags" => self.has_enum_flags = self.small_number()? != 0,
            "array_index" => self.array_index = Some(self.specifier()?),
            "int" | "float" => {
                let mut name = self.word("the name of a base type")?.to_owned();
                while let Token::Word(word) = self.peek() {
                    self.next += 1;
                    name = format!("{name} {word}");
                }
                let size = self.small_number()?;
                let base = if directive == "int" {
                    let encoding = self.encoding(size)?;
                    self.types.shared(Type::Int { name: name.clone(), size, encoding })
                } else {
                    self.types.shared(Type::Float { name: name.clone(), size })
                };
                self.names.push((name, base));
            }
            _ => {
                self.next -= 1;
                return Err(self.expected(KNOWN));
            }
        }
        self.expect(';')
    }

    /// `signed char bits 7 offset 1`
    fn encoding(&mut self, size: u32) -> Result<IntEncoding> {
        let (mut flags, mut bits, mut offset) = (0, size.saturating_mul(8), 0);
        while let Token::Word(word) = self.peek() {
            self.next += 1;
            match word {
                "signed" => flags |= IntEncoding::SIGNED,
                "char" => flags |= IntEncoding::CHAR,
                "bool" => flags |= IntEncoding::BOOL,
                "bits" => bits = self.small_number()?,
                "offset" => offset = self.small_number()?,
                _ => {
                    self.next -= 1;
                    return Err(self.expected("`signed`, `char`, `bool`, `bits` or `offset`"));
                }
            }
        }
        if bits > 255 || offset > 255 {
            return Err(self.error("an INT has at most 255 bits and a bit offset of at most 255"));
        }
        Ok(IntEncoding(flags | (offset << 16) | bits))
    }

    /// Adds a DATASEC for each section, with its variables one after the other.
    fn add_sections(&mut self) {
        while let Some((name, _)) = self.sections.first().copied() {
            let (mut end, mut entries) = (0_u64, Vec::new());
            for (_, index) in self.sections.extract_if(.., |(section, _)| *section == name) {
                let (size, align) = match &self.types.types[index] {
                    Type::Variable { of, .. } => self.types.layout(*of).unwrap_or((0, 1)),
                    _ => (0, 1),
                };
                let start = end.next_multiple_of(align);
                end = start + size;
                let word = |value| u32::try_from(value).expect("a test's section is small");
                entries.push((index, word(start), word(size)));
            }
            let size = u32::try_from(end).expect("a test's section is small");
            self.types.add(Type::Section { name, size, entries });
        }
    }

    pub(crate) fn peek(&self) -> Token<'s> {
        self.tokens[self.next].0
    }

    pub(crate) fn peek_second(&self) -> Token<'s> {
        self.tokens.get(self.next + 1).map_or(Token::End, |(token, _)| *token)
    }

    /// Takes a mark if it is next.
    pub(crate) fn take(&mut self, mark: char) -> bool {
        let found = self.peek() == Token::Mark(mark);
        self.next += usize::from(found);
        found
    }

    /// Takes a word if it is next.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek() == Token::Word(word);
        self.next += usize::from(found);
        found
    }

    pub(crate) fn expect(&mut self, mark: char) -> Result<()> {
        if self.take(mark) { Ok(()) } else { Err(self.expected(&format!("`{mark}`"))) }
    }

    pub(crate) fn word(&mut self, expected: &str) -> Result<&'s str> {
        let Token::Word(word) = self.peek() else { return Err(self.expected(expected)) };
        self.next += 1;
        Ok(word)
    }

    pub(crate) fn text(&mut self) -> Result<&'s str> {
        let Token::Text(text) = self.peek() else { return Err(self.expected("a string")) };
        self.next += 1;
        Ok(text)
    }

    /// A number, with or without a minus.
    pub(crate) fn number(&mut self) -> Result<i128> {
        let negative = self.take('-');
        let Token::Number(number) = self.peek() else { return Err(self.expected("a number")) };
        self.next += 1;
        Ok(if negative { -number } else { number })
    }

    pub(crate) fn small_number(&mut self) -> Result<u32> {
        let start = self.next;
        let number = self.number()?;
        u32::try_from(number).map_err(|_| {
            self.next = start;
            self.error(format!("{number} is not from 0 to {}", u32::MAX))
        })
    }

    /// An error at the next token.
    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        Error::at(self.source, self.tokens[self.next].1, message)
    }

    pub(crate) fn expected(&self, expected: &str) -> Error {
        self.error(format!("expected {expected}, found {}", self.peek()))
    }
}
