//! The spelling of C's integer types, which differs between compilers.

/// The words that C's integer types consist of.
const WORDS: [&str; 6] = ["unsigned", "signed", "long", "short", "char", "int"];

/// Returns a line of C with each integer type in one spelling: `unsigned long` for `long unsigned int`,
/// which GCC writes, and for `unsigned long`, which clang does. An array without elements is the same
/// wherever it is, and comments say nothing.
pub(crate) fn canonical(line: &str) -> String {
    let line = line.split(" /*").next().unwrap_or_default().replace("[0]", "[]");
    let mut canonical = String::with_capacity(line.len());
    let mut words = Vec::new();
    let mut rest = line.as_str();
    while !rest.is_empty() {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let end = match rest.find(|letter| !is_word(letter)) {
            Some(0) => rest.find(is_word).unwrap_or(rest.len()),
            Some(end) => end,
            None => rest.len(),
        };
        let (part, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = after;
        if WORDS.contains(&part) {
            words.push(part);
        } else if words.is_empty() || part != " " {
            canonical.push_str(&type_of(&words));
            // The space before this part was taken for one between the words of the type.
            if !words.is_empty() && part.starts_with(is_word) {
                canonical.push(' ');
            }
            words.clear();
            canonical.push_str(part);
        }
    }
    canonical.push_str(&type_of(&words));
    canonical
}

/// Returns the type that words stand for, in any order.
fn type_of(words: &[&str]) -> String {
    let count = |word: &str| words.iter().filter(|other| **other == word).count();
    let base = match (count("char"), count("short"), count("long"), words) {
        (.., []) => return String::new(),
        (1.., ..) => "char",
        (_, 1.., ..) => "short",
        (_, _, 2.., _) => "long long",
        (_, _, 1, _) => "long",
        _ => "int",
    };
    match (count("unsigned"), count("signed"), base) {
        (1.., ..) => format!("unsigned {base}"),
        (_, 1.., "char") => "signed char".to_string(),
        _ => base.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spellings_of_gcc_and_clang_are_equal() {
        for (gcc, clang) in [
            ("long unsigned int flags;", "unsigned long flags;"),
            ("long int *next[2];", "long *next[2];"),
            ("short unsigned int port : 3;", "unsigned short port : 3;"),
            ("short int a;", "short a;"),
            (
                "long long int (*f)(long unsigned int, char);",
                "long long (*f)(unsigned long, char);",
            ),
            ("unsigned int x;", "unsigned x;"),
            ("int (*f)(long int)", "int (*f)(long)"),
            ("struct entry entries[0];", "struct entry entries[];"),
            ("LOW = -1, /* a guess: or 4294967295 */", "LOW = -1,"),
        ] {
            assert_eq!(canonical(gcc), canonical(clang));
        }
    }

    #[test]
    fn other_types_stay_different() {
        for (one, other) in [
            ("unsigned char a;", "char a;"),
            ("signed char a;", "char a;"),
            ("long long a;", "long a;"),
            ("unsigned int a;", "int a;"),
            ("long_t a;", "long a;"),
            ("struct int_list a;", "struct list a;"),
            ("int a;", "int b;"),
        ] {
            assert_ne!(canonical(one), canonical(other));
        }
        assert_eq!(canonical("struct { … } *long_name; é"), "struct { … } *long_name; é");
        assert_eq!(canonical("unsigned long"), "unsigned long");
    }
}
