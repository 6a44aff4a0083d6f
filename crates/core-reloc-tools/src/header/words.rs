//! Words of C: which names are identifiers, and how it spells numbers.

use btf_types::{Kind, Type};

/// Returns a name as an identifier of C; `None` if it is none.
pub(super) fn identifier(name: &[u8]) -> Option<&str> {
    /// The kernel's own names of symbols are shorter than 512 bytes.
    const MAX_LEN: usize = 512;
    let (first, rest) = name.split_first().filter(|_| name.len() < MAX_LEN)?;
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let is_identifier = is_letter(*first)
        && rest.iter().all(|byte| is_letter(*byte) || byte.is_ascii_digit())
        && !is_keyword(name);
    if is_identifier { std::str::from_utf8(name).ok() } else { None }
}

/// Returns `true` for a keyword of C17 as clang and gcc read it by default.
fn is_keyword(name: &[u8]) -> bool {
    const KEYWORDS: [&[u8]; 37] = [
        b"asm",
        b"auto",
        b"break",
        b"case",
        b"char",
        b"const",
        b"continue",
        b"default",
        b"do",
        b"double",
        b"else",
        b"enum",
        b"extern",
        b"float",
        b"for",
        b"goto",
        b"if",
        b"inline",
        b"int",
        b"long",
        b"register",
        b"restrict",
        b"return",
        b"short",
        b"signed",
        b"sizeof",
        b"static",
        b"struct",
        b"switch",
        b"typedef",
        b"typeof",
        b"union",
        b"unsigned",
        b"void",
        b"volatile",
        b"while",
        b"_Bool",
    ];
    // Those with two underscores that a name could be by accident.
    const RESERVED: [&[u8]; 12] = [
        b"__asm__",
        b"__attribute__",
        b"__const",
        b"__extension__",
        b"__func__",
        b"__inline",
        b"__int128",
        b"__restrict",
        b"__signed__",
        b"__typeof__",
        b"__volatile__",
        b"_Static_assert",
    ];
    match name.first() {
        Some(b'_') => RESERVED.contains(&name) || name == b"_Bool",
        _ => name.len() <= 8 && KEYWORDS.contains(&name),
    }
}

/// Returns `true` for a name that is a keyword since C23, of a typedef or enumerator.
pub(super) fn is_keyword_of_c23(name: &[u8]) -> bool {
    const KEYWORDS: [&[u8]; 5] = [b"bool", b"false", b"true", b"nullptr", b"constexpr"];
    KEYWORDS.contains(&name)
}

/// Returns the spelling of an INT or FLOAT in C for BPF: its own name, if that has its size and sign there.
/// `None` if there is no such type.
pub(super) fn spelling<'a>(ty: Type<'a>) -> Option<&'a str> {
    let size = ty.stated_size()?;
    if ty.kind() == Kind::Float {
        return match size {
            4 => Some("float"),
            8 => Some("double"),
            _ => None,
        };
    }
    let encoding = ty.int()?;
    if encoding.is_bool() && size == 1 {
        return Some("_Bool");
    }
    let is_signed = encoding.is_signed();
    if let Ok(name) = ty.name()
        && let Some((own, sign)) = number(name.as_bytes())
        && own == size
        && sign.is_none_or(|sign| sign == is_signed)
        && let Ok(name) = std::str::from_utf8(name.as_bytes())
    {
        return Some(name);
    }
    Some(match (size, is_signed) {
        (1, true) => "signed char",
        (1, false) => "unsigned char",
        (2, true) => "short",
        (2, false) => "unsigned short",
        (4, true) => "int",
        (4, false) => "unsigned int",
        (8, true) => "long",
        (8, false) => "unsigned long",
        (16, true) => "__int128",
        (16, false) => "unsigned __int128",
        _ => return None,
    })
}

/// Returns the size in bytes on BPF and the sign of an integer that C spells in this way; the sign of
/// `char` is that of the machine.
fn number(spelling: &[u8]) -> Option<(u32, Option<bool>)> {
    let (mut longs, mut base, mut sign) = (0_u8, None, None);
    for word in spelling.split(|byte| *byte == b' ') {
        match word {
            b"char" | b"short" | b"__int128" if base.is_none() => base = Some(word),
            b"int" if base.is_none_or(|base| base == b"short") => base = base.or(Some(word)),
            b"long" if longs < 2 && base.is_none_or(|base| base == b"int") => {
                longs = longs.checked_add(1)?
            }
            b"signed" | b"unsigned" if sign.is_none() => sign = Some(word == b"signed"),
            _ => return None,
        }
    }
    let is_signed = Some(sign.unwrap_or(true));
    match (longs, base) {
        (1 | 2, None | Some(b"int")) => Some((8, is_signed)),
        (0, Some(b"char")) => Some((1, sign)),
        (0, Some(b"short")) => Some((2, is_signed)),
        (0, Some(b"int")) => Some((4, is_signed)),
        (0, Some(b"__int128")) => Some((16, is_signed)),
        (0, None) if sign.is_some() => Some((4, is_signed)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_no_keywords() {
        for name in ["task", "_1", "__u8", "new", "class", "bool"] {
            assert_eq!(identifier(name.as_bytes()), Some(name));
        }
        for name in ["", "1a", "int", "Vec<u8>", "a::b", "a b", "_Bool", "typeof", "é", "inline"] {
            assert_eq!(identifier(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn integers_are_spelled_as_in_dwarf() {
        for (name, expected) in [
            ("int", Some((4, Some(true)))),
            ("long unsigned int", Some((8, Some(false)))),
            ("unsigned long", Some((8, Some(false)))),
            ("long long int", Some((8, Some(true)))),
            ("short unsigned int", Some((2, Some(false)))),
            ("char", Some((1, None))),
            ("signed char", Some((1, Some(true)))),
            ("__int128 unsigned", Some((16, Some(false)))),
            ("unsigned", Some((4, Some(false)))),
            ("u32", None),
            ("__ARRAY_SIZE_TYPE__", None),
            ("long long long int", None),
            ("char int", None),
        ] {
            assert_eq!(number(name.as_bytes()), expected, "{name}");
        }
    }
}
