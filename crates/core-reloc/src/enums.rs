//! The values of enumerators, as one BTF gives them.
//!
//! An enum's kind_flag states that it is signed. A clear flag has two meanings: clang up to version 14, and
//! pahole up to version 1.23, never set it, so that the ENUM of a negative value looks like that of a large
//! one. A relocation can find out more, from the instruction (see [`Extension`](crate::resolve::Extension)).

mod known;

use btf_types::{Btf, Enumerator, Kind, Type};

use self::known::Known;

/// The value of an enumerator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EnumValue {
    /// The value.
    pub value: i128,
    /// Whether the sign is a guess: the value may also be larger by 2³².
    pub is_guess: bool,
}

/// The sign of an enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sign {
    /// It is signed: its kind_flag is set.
    Signed,
    /// It is unsigned: its kind_flag is clear, and the encoder of the BTF sets the flag of signed enums.
    Unsigned,
    /// The BTF does not state it: no enum has the flag.
    Unstated,
}

/// Reads the values of the enumerators of one BTF. Whether its encoder knows the kind_flag of enums is found
/// out once, if it is needed: that takes a pass over the enums up to the first one with the flag.
///
/// ```
/// # use btf_types::{Btf, ByteOrder, Kind, build::Builder};
/// use core_reloc::enums::EnumReader;
///
/// // enum priority { FIRST = -400 }; as clang 14 encodes it.
/// let mut btf = Builder::new(ByteOrder::Little);
/// btf.enumeration("priority", 4).enumerator("FIRST", (-400_i32).cast_unsigned()).finish();
/// let bytes = btf.finish()?;
/// let btf = Btf::parse(&bytes)?;
/// let ty = btf.find("priority", Kind::Enum).unwrap();
/// let first = ty.enumerators().get(0).unwrap();
/// assert_eq!(first.value(), 4_294_966_896);
/// let read = EnumReader::new(&btf).value(first);
/// assert_eq!((read.value, read.is_guess), (-400, true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct EnumReader<'a> {
    btf: &'a Btf<'a>,
    /// Whether an enum has the flag, once that has been needed.
    has_flags: Known,
}

impl<'a> EnumReader<'a> {
    /// Creates a reader for a BTF.
    pub fn new(btf: &'a Btf<'a>) -> Self {
        Self { btf, has_flags: Known::default() }
    }

    /// Returns the value of an enumerator of the BTF. Of an ENUM whose [sign](Self::sign) is not stated, a
    /// value with bit 31 set is negative by guess.
    pub fn value(&self, enumerator: Enumerator<'_>) -> EnumValue {
        let value = enumerator.value();
        if is_ambiguous(enumerator) && self.sign(enumerator.owner()) == Sign::Unstated {
            let value = sign_extended(enumerator).cast_signed().into();
            return EnumValue { value, is_guess: true };
        }
        EnumValue { value, is_guess: false }
    }

    /// Returns the sign of an enum of the BTF. That of an ENUM64 is always stated.
    pub fn sign(&self, ty: Type<'_>) -> Sign {
        if ty.kind_flag() {
            Sign::Signed
        } else if ty.kind() == Kind::Enum64 || self.has_flags.get_or_find(|| has_flags(self.btf)) {
            Sign::Unsigned
        } else {
            Sign::Unstated
        }
    }
}

/// Returns `true` if the sign of an enumerator matters and its kind_flag does not state it: if it has 32
/// bits, the highest of them set, and the flag is clear.
#[inline]
pub(crate) fn is_ambiguous(enumerator: Enumerator<'_>) -> bool {
    !enumerator.is_signed()
        && enumerator.bits() >> 31 == 1
        && enumerator.owner().kind() == Kind::Enum
}

/// Returns the bits of an enumerator, those of an ENUM sign-extended whatever the kind_flag is.
#[inline]
pub(crate) fn sign_extended(enumerator: Enumerator<'_>) -> u64 {
    if is_ambiguous(enumerator) { enumerator.bits() | !0 << 32 } else { enumerator.bits() }
}

/// Returns `true` if an enum of a BTF, or of its bases, has the flag.
fn has_flags(btf: &Btf<'_>) -> bool {
    let own = |btf: &Btf<'_>| {
        let mut enums = btf.own_types_of([Kind::Enum, Kind::Enum64].into_iter().collect());
        enums.any(|ty| ty.kind_flag())
    };
    core::iter::successors(Some(btf), |btf| btf.base()).any(own)
}
