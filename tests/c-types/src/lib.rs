//! BTF from declarations in C, for tests.
//!
//! ```
//! use btf_from_c::btf;
//! use btf_types::{Btf, ByteOrder, Kind};
//!
//! let bytes = btf(
//!     ByteOrder::Big,
//!     "struct s {
//!         int a;
//!         union { int c; unsigned long d; };
//!         int e[4][2];
//!         unsigned f : 3;
//!         struct other *p;
//!         int last @ 100;
//!     };",
//! );
//! let btf = Btf::parse(&bytes)?;
//! let s = btf.find("s", Kind::Struct).unwrap();
//! assert_eq!(s.size()?, 104);
//! assert_eq!(s.members().get(1).unwrap().bit_offset(), 8 * 8);
//! # Ok::<(), btf_types::Error>(())
//! ```
//!
//! # What it reads
//! Structs, unions, bitfields, enums, typedefs, pointers, arrays, prototypes, functions and
//! variables, laid out as C compilers for 64-bit machines do. Also `__attribute__((packed))` before the
//! name of a struct or union, `__attribute__((btf_type_tag("name")))` before or after a type, and
//! `SEC("name")` after the name of a variable or function. A `struct t;` as a member is an
//! anonymous member, as with `-fms-extensions`. An array without a length has 0 elements.
//!
//! Several types may have the same name. A name refers to the latest definition before it, and if
//! there is none, to the first one after it. A struct or union that the text only mentions becomes
//! a FWD, and such an enum becomes an ENUM without enumerators.
//!
//! What C cannot say starts with `@`:
//!
//! | written | meaning |
//! | --- | --- |
//! | `int a @ 8;` | the member starts at byte 8; its type needs no size |
//! | `int a : 3 @ 4.1;` | the member starts at bit 1 of byte 4 |
//! | `struct s { int a; } @size 64;` | the struct, union or enum has 64 bytes |
//! | `@pointer_size 4;` | pointers and `long` have 4 bytes from here on |
//! | `@enum_flags 0;` | signed enums have no kind_flag from here on, as clang 14 and older pahole write them |
//! | `@array_index int;` | arrays are indexed with `int` from here on, not with clang's `__ARRAY_SIZE_TYPE__` |
//! | `@int char 1 signed char;` | the INT `char` from here on has 1 byte and these flags; `signed`, `char`, `bool`, `bits 24` and `offset 3` are known |
//! | `@float half 2;` | the FLOAT `half` has 2 bytes |
//!
//! # Ids
//! Types are numbered in the order in which a reader of the text completes them: a member's type
//! before its struct, an element before its array. Equal unnamed types are stored once, as are INT
//! and FLOAT. The FWDs of types that are only mentioned come last.

#![forbid(unsafe_code)]

mod composite;
mod declarator;
mod error;
mod parser;
mod specifier;
mod token;
mod types;

pub use self::error::Error;

use btf_types::{Btf, ByteOrder, TypeId, build::Builder};

use self::parser::Parser;

/// Returns the types of a text as BTF.
///
/// # Panics
/// Panics if the text cannot be read; the message has the line and the column.
#[track_caller]
pub fn btf(order: ByteOrder, source: &str) -> Vec<u8> {
    let mut builder = Builder::new(order);
    declare(&mut builder, source).unwrap_or_else(|error| panic!("{error}, in\n{source}"));
    finished(builder, source)
}

/// Returns the types of a text as split BTF. It refers to the base's INTs and FLOATs, and has all
/// other types that it uses.
///
/// # Panics
/// As [`btf`].
#[track_caller]
pub fn split_btf(base: &Btf<'_>, source: &str) -> Vec<u8> {
    let mut builder = Builder::split(base);
    let types = Parser::new(source).and_then(|parser| parser.on(base).parse());
    types.unwrap_or_else(|error| panic!("{error}, in\n{source}")).write(&mut builder);
    finished(builder, source)
}

#[track_caller]
fn finished(builder: Builder<'_>, source: &str) -> Vec<u8> {
    builder.finish().unwrap_or_else(|error| panic!("{error}, in\n{source}"))
}

/// Adds the types of a text to a builder.
///
/// # Errors
/// Returns the first place of the text that cannot be read.
pub fn declare(builder: &mut Builder<'_>, source: &str) -> Result<Ids, Error> {
    Ok(Ids(Parser::new(source)?.parse()?.write(builder)))
}

/// The ids of the types that a text added.
#[derive(Debug, Clone)]
pub struct Ids(Vec<(String, TypeId)>);

impl Ids {
    /// Returns the id of the first type of a name.
    ///
    /// # Panics
    /// Panics if the text has no type of that name.
    #[track_caller]
    pub fn id(&self, name: &str) -> TypeId {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("the text has no type {name}")).1
    }
}
