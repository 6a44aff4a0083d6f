//! Writes enums.

use core_reloc::enums::Sign;

use super::{
    Reason,
    names::{TypeName, name_of},
    types::Node,
    words::identifier,
    writer::{Context, DEFINED, Writer},
};

/// The type of an enum: size in bytes, and whether it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Underlying {
    size: u32,
    is_signed: bool,
}

impl Underlying {
    /// Returns the type that clang chooses for values.
    fn of(values: &[i128]) -> Self {
        let is_signed = values.iter().any(|value| *value < 0);
        let fits = |size| {
            let ty = Self { size, is_signed };
            values.iter().all(|value| ty.holds(*value))
        };
        Self { size: if fits(4) { 4 } else { 8 }, is_signed }
    }

    fn holds(self, value: i128) -> bool {
        let bits = self.size.saturating_mul(8);
        let limit = 1_i128.checked_shl(if self.is_signed { bits.saturating_sub(1) } else { bits });
        let Some(limit) = limit else { return false };
        let least = if self.is_signed { limit.saturating_neg() } else { 0 };
        (least..limit).contains(&value)
    }

    fn spelling(self) -> &'static str {
        match (self.size, self.is_signed) {
            (1, true) => "signed char",
            (1, false) => "unsigned char",
            (2, true) => "short",
            (2, false) => "unsigned short",
            (8, true) => "long",
            (8, false) => "unsigned long",
            (_, true) => "int",
            (_, false) => "unsigned int",
        }
    }
}

impl<'a> Writer<'_, 'a> {
    /// Writes an enum without a name, where it is used.
    pub(super) fn inline_enum(&mut self, node: Node<'a>, context: Context) {
        if context.is_in_prototype || node.ty.enumerators().is_empty() || !self.may_write_more() {
            let (underlying, _) = self.underlying(node);
            self.out.push_str(underlying.spelling());
            return;
        }
        self.enumeration(node, context);
        self.mark(node, DEFINED);
    }

    /// Writes the definition of an enum without its last semicolon. Enumerators whose name is taken become
    /// flavors.
    pub(super) fn enumeration(&mut self, node: Node<'a>, context: Context) {
        let (underlying, values) = self.underlying(node);
        let mut names = Vec::with_capacity(values.len());
        let mut kept = Vec::with_capacity(values.len());
        for (enumerator, value) in node.ty.enumerators().iter().zip(values) {
            let name = enumerator.name().ok().and_then(|name| identifier(name.as_bytes()));
            match name.filter(|_| underlying.holds(value)) {
                Some(name) => {
                    names.push(name);
                    kept.push(value);
                }
                None => self.differ(node, None, Reason::Enumerator),
            }
        }
        self.out.push_str("enum");
        if let TypeName::Own(_) = self.names.of(node) {
            self.out.push(' ');
            self.name(node);
        }
        if names.is_empty() || Underlying::of(&kept) != underlying {
            self.out.push_str(" : ");
            self.out.push_str(underlying.spelling());
        }
        if names.is_empty() && name_of(node.ty).is_some() {
            return;
        }
        self.out.push_str(" {\n");
        for (name, value) in names.into_iter().zip(kept) {
            self.take_line(name.as_bytes());
            self.indent(context.deeper().depth);
            self.out.push_str(name);
            let flavor = self.enumerators.take_any(name.as_bytes(), Some(self.names.idents()));
            if flavor > 1 {
                self.out.push_str(&format!("___{flavor}"));
            }
            self.out.push_str(" = ");
            self.value(value);
            self.out.push_str(",\n");
        }
        self.indent(context.depth);
        self.out.push('}');
    }

    /// Returns the type of an enum in the kernel, and the values of its enumerators.
    fn underlying(&self, node: Node<'a>) -> (Underlying, Vec<i128>) {
        let Some(enums) = self.enums.get(node.part) else {
            return (Underlying { size: 4, is_signed: false }, Vec::new());
        };
        let values: Vec<i128> =
            node.ty.enumerators().iter().map(|enumerator| enums.value(enumerator).value).collect();
        let is_signed = match enums.sign(node.ty) {
            Sign::Signed => true,
            Sign::Unsigned => false,
            _ => values.iter().any(|value| *value < 0),
        };
        let size = node.ty.stated_size().filter(|size| matches!(size, 1 | 2 | 4 | 8)).unwrap_or(4);
        (Underlying { size, is_signed }, values)
    }

    fn value(&mut self, value: i128) {
        let text = if value == i64::MIN.into() {
            "(-9223372036854775807LL - 1)".to_string()
        } else if value > i64::MAX.into() {
            format!("{value}ULL")
        } else {
            value.to_string()
        };
        self.out.push_str(&text);
    }
}
