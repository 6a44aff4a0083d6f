//! Declarators: `*p`, `a[4][2]`, `(*f)(int, …)`.

use btf_types::IntEncoding;

use crate::{
    error::Result,
    parser::Parser,
    token::Token,
    types::{Ref, Type},
};

impl<'s> Parser<'s> {
    /// Reads a declarator of a type: the name, which may be empty, and the declared type.
    pub(crate) fn declarator(&mut self, base: Ref) -> Result<(&'s str, Ref)> {
        let mut ty = base;
        while self.take('*') {
            let size = self.pointer_size;
            let pointer = self.types.shared(Type::Pointer { to: ty, size });
            ty = self.qualified_pointer(pointer)?;
        }
        let is_nested =
            self.peek() == Token::Mark('(') && matches!(self.peek_second(), Token::Mark('*' | '('));
        if is_nested {
            // The suffixes after the parentheses apply first.
            let inner = self.next + 1;
            self.skip_parentheses()?;
            ty = self.suffixes(ty)?;
            let end = self.next;
            self.next = inner;
            let declared = self.declarator(ty)?;
            self.expect(')')?;
            self.next = end;
            return Ok(declared);
        }
        let name = match self.peek() {
            Token::Word(name) => {
                self.next += 1;
                name
            }
            _ => "",
        };
        Ok((name, self.suffixes(ty)?))
    }

    fn skip_parentheses(&mut self) -> Result<()> {
        let mut depth = 0;
        loop {
            match self.peek() {
                Token::Mark('(') => depth += 1,
                Token::Mark(')') => depth -= 1,
                Token::End => return Err(self.expected("`)`")),
                _ => (),
            }
            self.next += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// `[4][2]` or `(int a, …)`
    fn suffixes(&mut self, base: Ref) -> Result<Ref> {
        if self.take('[') {
            let len = if self.take(']') {
                0
            } else {
                let len = self.small_number()?;
                self.expect(']')?;
                len
            };
            let element = self.suffixes(base)?;
            let index = self.array_index();
            return Ok(self.types.shared(Type::Array { element, index, len }));
        }
        if self.take('(') {
            let params = self.params()?;
            return Ok(self.types.shared(Type::Prototype { result: base, params }));
        }
        Ok(base)
    }

    /// The parameters up to the `)`.
    fn params(&mut self) -> Result<Vec<(&'s str, Ref)>> {
        let mut params = Vec::new();
        if self.peek() == Token::Word("void") && self.peek_second() == Token::Mark(')') {
            self.next += 1;
        }
        if self.take(')') {
            return Ok(params);
        }
        loop {
            if self.take('.') {
                self.expect('.')?;
                self.expect('.')?;
                params.push(("", Ref::Void));
                self.expect(')')?;
                return Ok(params);
            }
            let base = self.specifier()?;
            params.push(self.declarator(base)?);
            if !self.take(',') {
                self.expect(')')?;
                return Ok(params);
            }
        }
    }

    /// The type that arrays are indexed with.
    fn array_index(&mut self) -> Ref {
        let encoding = IntEncoding::new(32, 0);
        self.array_index.unwrap_or_else(|| {
            self.types.shared(Type::Int { name: "__ARRAY_SIZE_TYPE__".into(), size: 4, encoding })
        })
    }
}
