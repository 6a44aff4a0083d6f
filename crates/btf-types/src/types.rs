//! Views of types and of what is in them. All are `Copy` and borrow from the BTF.

mod array;
mod entries;
mod enumerator;
mod int;
mod member;
mod param;
mod var;

pub use self::{
    array::Array,
    entries::{Entries, Entry, Iter},
    enumerator::Enumerator,
    int::IntEncoding,
    member::Member,
    param::Param,
    var::{DeclTarget, Linkage, VarSecInfo},
};

use core::fmt;

use zerocopy::FromBytes;

use crate::{
    Btf, Info, Kind, Name, StrOffset, TypeId,
    error::{Error, Result},
    raw,
};

/// One type of a BTF.
///
/// The accessors of what only some kinds have give `None`, or nothing to iterate, for the others.
///
/// ```
/// use btf_types::{Kind, Result, Type};
///
/// /// What a pointer, or a typedef of one, points to.
/// fn pointee(ty: Type<'_>) -> Result<Option<Type<'_>>> {
///     let ty = ty.skip_modifiers_and_typedefs()?;
///     if ty.kind() == Kind::Ptr { ty.referenced() } else { Ok(None) }
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Type<'a> {
    btf: &'a Btf<'a>,
    id: TypeId,
    /// Decoded once: everything about a type is asked by its kind.
    info: Info,
    record: &'a raw::Type,
    /// From the end of the record to the end of the section.
    behind: &'a [u8],
}

/// `void` has no record in the format; this one reads as what it is, in both byte orders.
static VOID: raw::Type = zerocopy::transmute!([0_u8; 12]);

impl<'a> Type<'a> {
    #[inline]
    pub(crate) fn new(
        btf: &'a Btf<'a>,
        id: TypeId,
        record: &'a raw::Type,
        behind: &'a [u8],
    ) -> Self {
        Self { btf, id, info: Info(record.info.get(btf.byte_order())), record, behind }
    }

    #[inline]
    pub(crate) fn void(btf: &'a Btf<'a>) -> Self {
        Self { btf, id: TypeId::VOID, info: Info(0), record: &VOID, behind: &[] }
    }

    /// The BTF whose own type this is.
    #[inline]
    pub fn btf(&self) -> &'a Btf<'a> {
        self.btf
    }

    /// The id.
    #[inline]
    pub fn id(&self) -> TypeId {
        self.id
    }

    /// The record as it is stored.
    #[inline]
    pub fn raw(&self) -> &'a raw::Type {
        self.record
    }

    /// Kind, vlen and kind_flag.
    #[inline]
    pub fn info(&self) -> Info {
        self.info
    }

    /// The kind.
    #[inline]
    pub fn kind(&self) -> Kind {
        self.info.kind()
    }

    /// How many members, enumerators, parameters or variables there are.
    #[inline]
    pub fn vlen(&self) -> u32 {
        self.info.vlen()
    }

    /// The flag whose meaning depends on the kind: composites with bitfields, signed enums, unions
    /// among forward declarations.
    #[inline]
    pub fn kind_flag(&self) -> bool {
        self.info.kind_flag()
    }

    /// Where the name is.
    #[inline]
    pub fn name_off(&self) -> StrOffset {
        StrOffset(self.record.name_off.get(self.btf.byte_order()))
    }

    /// The name; empty for an anonymous type.
    ///
    /// # Errors
    /// [`Error::NoSuchString`] or [`Error::NameTooLong`].
    pub fn name(&self) -> Result<Name<'a>> {
        self.btf.string(self.name_off())
    }

    /// Whether the type bears exactly this name.
    pub fn is_named(&self, name: &[u8]) -> bool {
        self.btf.string_and_rest(self.name_off()).is_some_and(|string| {
            // A name has no NUL byte, so one that is asked for with it is not the next string too.
            matches!(string.split_at_checked(name.len()), Some((start, [0, ..])) if start == name)
                && !name.contains(&0)
        })
    }

    #[inline]
    fn size_or_type(&self) -> u32 {
        self.record.size_or_type.get(self.btf.byte_order())
    }

    /// The size in bytes that the record itself states: of INT, STRUCT, UNION, ENUM, ENUM64, FLOAT
    /// and DATASEC. [`Type::size`] resolves the size of any type.
    #[inline]
    pub fn stated_size(&self) -> Option<u32> {
        match self.kind() {
            Kind::Int
            | Kind::Struct
            | Kind::Union
            | Kind::Enum
            | Kind::Enum64
            | Kind::Float
            | Kind::DataSec => Some(self.size_or_type()),
            _ => None,
        }
    }

    /// The type that this one's record refers to: what a PTR points to, a TYPEDEF or modifier
    /// stands for, a FUNC's prototype, a FUNC_PROTO's result, a VAR's type, what a DECL_TAG is on.
    /// For an ARRAY's element see [`Type::array`].
    #[inline]
    pub fn referenced_id(&self) -> Option<TypeId> {
        self.kind().has_reference().then(|| TypeId(self.size_or_type()))
    }

    /// [`Type::referenced_id`], followed.
    ///
    /// # Errors
    /// [`Error::NoSuchType`].
    pub fn referenced(&self) -> Result<Option<Type<'a>>> {
        self.referenced_id().map(|id| self.btf.type_by_id(id)).transpose()
    }

    /// The bytes that belong to this type behind its record; for an unknown kind this is all that
    /// can be had.
    pub fn trailing(&self) -> &'a [u8] {
        let len = self.btf.layout().trailing_len(self.info()).unwrap_or(0);
        self.behind.get(..len as usize).unwrap_or_default()
    }

    /// The record that follows once, if this type is of `kind`.
    #[inline]
    fn info_record<R>(&self, kind: Kind) -> Option<&'a R>
    where
        R: FromBytes + zerocopy::Immutable + zerocopy::KnownLayout + zerocopy::Unaligned,
    {
        (self.kind() == kind)
            .then(|| R::ref_from_prefix(self.behind).ok())?
            .map(|(record, _)| record)
    }

    /// The encoding of an INT.
    #[inline]
    pub fn int(&self) -> Option<IntEncoding> {
        let word = self.info_record::<raw::U32>(Kind::Int)?;
        Some(IntEncoding(word.get(self.btf.byte_order())))
    }

    /// The element, index and length of an ARRAY.
    #[inline]
    pub fn array(&self) -> Option<Array> {
        Some(Array::read(self.info_record(Kind::Array)?, self.btf.byte_order()))
    }

    /// The members of a STRUCT or UNION.
    #[inline]
    pub fn members(&self) -> Entries<'a, Member<'a>> {
        Entries::new(*self, self.kind().is_composite())
    }

    /// The members of a STRUCT or UNION as they are stored: the floor below [`Type::members`].
    #[inline]
    pub fn raw_members(&self) -> &'a [raw::Member] {
        if !self.kind().is_composite() {
            return &[];
        }
        <[raw::Member]>::ref_from_prefix_with_elems(self.behind, self.vlen() as usize)
            .map_or(&[], |(members, _)| members)
    }

    /// The enumerators of an ENUM or ENUM64.
    #[inline]
    pub fn enumerators(&self) -> Entries<'a, Enumerator<'a>> {
        Entries::new(*self, self.kind().is_enum())
    }

    /// The parameters of a FUNC_PROTO.
    #[inline]
    pub fn params(&self) -> Entries<'a, Param<'a>> {
        Entries::new(*self, self.kind() == Kind::FuncProto)
    }

    /// The variables of a DATASEC.
    #[inline]
    pub fn variables(&self) -> Entries<'a, VarSecInfo<'a>> {
        Entries::new(*self, self.kind() == Kind::DataSec)
    }

    /// The linkage of a VAR or FUNC. The format stores a FUNC's as its vlen.
    pub fn linkage(&self) -> Option<Linkage> {
        let raw = match self.kind() {
            Kind::Var => {
                let var = self.info_record::<raw::Var>(Kind::Var)?;
                var.linkage.get(self.btf.byte_order())
            }
            Kind::Func => self.vlen(),
            _ => return None,
        };
        Some(Linkage::from_raw(raw))
    }

    /// What a DECL_TAG is on.
    pub fn decl_target(&self) -> Option<DeclTarget> {
        let tag = self.info_record::<raw::DeclTag>(Kind::DeclTag)?;
        Some(DeclTarget::from_raw(tag.component_idx.get(self.btf.byte_order())))
    }

    /// Whether a FWD declares a union rather than a struct.
    pub fn fwd_is_union(&self) -> Option<bool> {
        (self.kind() == Kind::Fwd).then(|| self.kind_flag())
    }

    pub(crate) fn behind(&self) -> &'a [u8] {
        self.behind
    }

    /// What a size was asked of, and there is none.
    pub(crate) fn no_size(&self) -> Error {
        Error::NoSize { id: self.id, kind: self.kind() }
    }
}

/// Two views are equal if they are of the same type of the same BTF.
impl PartialEq for Type<'_> {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.btf, other.btf) && self.id == other.id
    }
}

impl Eq for Type<'_> {}

impl fmt::Debug for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.kind())?;
        match self.name() {
            Ok(name) => write!(f, " {name:?}"),
            Err(error) => write!(f, " ({error})"),
        }
    }
}
