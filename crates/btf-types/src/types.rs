//! Views of types and of their parts. All are `Copy` and borrow from the BTF.

mod declaration;
mod entries;
mod enumerator;
mod int;
mod loc;
mod member;
mod param;
mod variable;
mod view;
mod words;

pub use self::{
    declaration::{DeclTarget, Linkage},
    entries::{Entries, Entry, Iter},
    enumerator::Enumerator,
    int::IntEncoding,
    loc::{Loc, LocFlags, LocParam, LocProtoParam, LocValue},
    member::Member,
    param::Param,
    variable::VarSecInfo,
    view::TypeView,
};

use core::fmt;

use zerocopy::FromBytes;

use crate::{
    Btf, Info, Kind, Name, StrOffset, TypeId,
    error::Result,
    layout::{Parts, SizeOrType},
    raw,
};

/// A type of a BTF.
///
/// Accessors of facts that only some kinds have return `None`, or an empty list, for other kinds.
///
/// ```
/// use btf_types::{Kind, Result, Type};
///
/// /// Returns what a pointer, or a typedef of one, points to.
/// fn pointee(ty: Type<'_>) -> Result<Option<Type<'_>>> {
///     let ty = ty.skip_modifiers_and_typedefs()?;
///     if ty.kind() == Kind::Ptr { ty.referenced() } else { Ok(None) }
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Type<'a> {
    btf: &'a Btf<'a>,
    id: TypeId,
    /// Decoded once, because every accessor depends on the kind.
    info: Info,
    record: &'a raw::Type,
    /// The bytes from the end of the record to the end of the section.
    rest: &'a [u8],
}

/// `void` has no record in the format. This one reads correctly in both byte orders.
static VOID: raw::Type = zerocopy::transmute!([0_u8; 12]);

impl<'a> Type<'a> {
    #[inline]
    pub(crate) fn new(btf: &'a Btf<'a>, id: TypeId, record: &'a raw::Type, rest: &'a [u8]) -> Self {
        Self { btf, id, info: Info(record.info.get(btf.byte_order())), record, rest }
    }

    #[inline]
    pub(crate) fn void(btf: &'a Btf<'a>) -> Self {
        Self { btf, id: TypeId::VOID, info: Info(0), record: &VOID, rest: &[] }
    }

    /// Returns the BTF that defines the type: of a split BTF and its base, the one whose own type it is.
    #[inline]
    pub fn btf(&self) -> &'a Btf<'a> {
        self.btf
    }

    /// Returns the id.
    #[inline]
    pub fn id(&self) -> TypeId {
        self.id
    }

    /// Returns the record as it is stored.
    #[inline]
    pub fn raw(&self) -> &'a raw::Type {
        self.record
    }

    /// Returns the info word: kind, vlen and kind_flag.
    #[inline]
    pub fn info(&self) -> Info {
        self.info
    }

    /// Returns the kind.
    #[inline]
    pub fn kind(&self) -> Kind {
        self.info.kind()
    }

    /// Returns vlen: the number of members, enumerators, parameters, variables or other entries. A FUNC stores its
    /// linkage there.
    #[inline]
    pub fn vlen(&self) -> u32 {
        self.info.vlen()
    }

    /// Returns kind_flag, whose meaning depends on the kind: a composite has bitfields, an enum is signed,
    /// a forward declaration declares a union.
    #[inline]
    pub fn kind_flag(&self) -> bool {
        self.info.kind_flag()
    }

    /// Returns the string offset of the name.
    #[inline]
    pub fn name_off(&self) -> StrOffset {
        StrOffset(self.record.name_off.get(self.btf.byte_order()))
    }

    /// Returns the name, which is empty for an anonymous type.
    ///
    /// # Errors
    /// [`Error::NoSuchString`](crate::Error::NoSuchString) or
    /// [`Error::NameTooLong`](crate::Error::NameTooLong).
    pub fn name(&self) -> Result<Name<'a>> {
        self.btf.string(self.name_off())
    }

    /// Returns `true` if the type has exactly this name.
    pub fn is_named(&self, name: &[u8]) -> bool {
        self.btf.string_and_rest(self.name_off()).is_some_and(|string| {
            // With a NUL byte in it, `name` could match this string and the next together.
            matches!(string.split_at_checked(name.len()), Some((start, [0, ..])) if start == name)
                && !name.contains(&0)
        })
    }

    #[inline]
    fn size_or_type(&self) -> u32 {
        self.record.size_or_type.get(self.btf.byte_order())
    }

    /// Returns the size in bytes that the record itself states: of an INT, STRUCT, UNION, ENUM, ENUM64,
    /// FLOAT or DATASEC, or of the value that a LOC_PARAM locates. [`Type::size`] determines the size of any type.
    #[inline]
    pub fn stated_size(&self) -> Option<u32> {
        let states_size = matches!(Parts::of(self.kind()).size_or_type, SizeOrType::Size);
        states_size.then(|| self.size_or_type())
    }

    /// Returns the id of the type that the record refers to: a PTR's target, the type that a TYPEDEF or
    /// modifier applies to, a FUNC's prototype, a FUNC_PROTO's result, a VAR's type, the type that a
    /// DECL_TAG is on. For an ARRAY's element see [`Type::array`].
    #[inline]
    pub fn referenced_id(&self) -> Option<TypeId> {
        let refers = matches!(Parts::of(self.kind()).size_or_type, SizeOrType::Type);
        refers.then(|| TypeId(self.size_or_type()))
    }

    /// Returns the type with the id [`Type::referenced_id`].
    ///
    /// # Errors
    /// [`Error::NoSuchType`](crate::Error::NoSuchType).
    pub fn referenced(&self) -> Result<Option<Type<'a>>> {
        self.referenced_id().map(|id| self.btf.type_by_id(id)).transpose()
    }

    /// Returns the bytes of this type that follow its record. For an unknown kind, no other accessor reads
    /// them.
    pub fn trailing(&self) -> &'a [u8] {
        let len = self.btf.layout().trailing_len(self.info()).unwrap_or(0);
        self.rest.get(..len as usize).unwrap_or_default()
    }

    /// Returns the bytes from the end of the record to the end of the section.
    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Returns the record that follows once, if this type is of `kind`.
    #[inline]
    fn single<R>(&self, kind: Kind) -> Option<&'a R>
    where
        R: FromBytes + zerocopy::Immutable + zerocopy::KnownLayout + zerocopy::Unaligned,
    {
        (self.kind() == kind).then(|| R::ref_from_prefix(self.rest).ok())?.map(|(record, _)| record)
    }

    /// Returns the encoding of an INT.
    #[inline]
    pub fn int(&self) -> Option<IntEncoding> {
        let word = self.single::<raw::U32>(Kind::Int)?;
        Some(IntEncoding(word.get(self.btf.byte_order())))
    }

    /// Returns the element type, index type and length of an ARRAY.
    #[inline]
    pub fn array(&self) -> Option<Array> {
        let record = self.single::<raw::Array>(Kind::Array)?;
        let order = self.btf.byte_order();
        Some(Array {
            element: TypeId(record.elem_type.get(order)),
            index: TypeId(record.index_type.get(order)),
            len: record.nelems.get(order),
        })
    }

    /// Returns the members of a STRUCT or UNION.
    #[inline]
    pub fn members(&self) -> Entries<'a, Member<'a>> {
        Entries::new(*self, self.kind().is_composite())
    }

    /// Returns the members of a STRUCT or UNION as they are stored.
    #[inline]
    pub fn raw_members(&self) -> &'a [raw::Member] {
        if !self.kind().is_composite() {
            return &[];
        }
        <[raw::Member]>::ref_from_prefix_with_elems(self.rest, self.vlen() as usize)
            .map_or(&[], |(members, _)| members)
    }

    /// Returns the enumerators of an ENUM or ENUM64.
    #[inline]
    pub fn enumerators(&self) -> Entries<'a, Enumerator<'a>> {
        Entries::new(*self, self.kind().is_enum())
    }

    /// Returns the parameters of a FUNC_PROTO.
    #[inline]
    pub fn params(&self) -> Entries<'a, Param<'a>> {
        Entries::new(*self, self.kind() == Kind::FuncProto)
    }

    /// Returns the variables of a DATASEC.
    #[inline]
    pub fn variables(&self) -> Entries<'a, VarSecInfo<'a>> {
        Entries::new(*self, self.kind() == Kind::DataSec)
    }

    /// Returns the location that a LOC_PARAM describes.
    pub fn loc_param(&self) -> Option<LocParam<'a>> {
        LocParam::of(*self)
    }

    /// Returns the parameters of a LOC_PROTO, in the order of the function's.
    pub fn loc_params(&self) -> Entries<'a, LocProtoParam<'a>> {
        Entries::new(*self, self.kind() == Kind::LocProto)
    }

    /// Returns the inline sites of a LOCSEC.
    pub fn locs(&self) -> Entries<'a, Loc<'a>> {
        Entries::new(*self, self.kind() == Kind::LocSec)
    }

    /// Returns the linkage of a VAR or FUNC. The format stores a FUNC's as its vlen.
    pub fn linkage(&self) -> Option<Linkage> {
        let raw = match self.kind() {
            Kind::Var => {
                let var = self.single::<raw::Var>(Kind::Var)?;
                var.linkage.get(self.btf.byte_order())
            }
            Kind::Func => self.vlen(),
            _ => return None,
        };
        Some(Linkage::from_raw(raw))
    }

    /// Returns the part of a declaration that a DECL_TAG is on.
    pub fn decl_target(&self) -> Option<DeclTarget> {
        let tag = self.single::<raw::DeclTag>(Kind::DeclTag)?;
        Some(DeclTarget::from_raw(tag.component_idx.get(self.btf.byte_order())))
    }

    /// Returns `true` if a FWD declares a union, `false` if it declares a struct.
    pub fn fwd_is_union(&self) -> Option<bool> {
        (self.kind() == Kind::Fwd).then(|| self.kind_flag())
    }
}

/// Two views are equal if they are of the same type of the same [`Btf`] value.
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

/// The element type, index type and length of an ARRAY.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Array {
    /// The type of an element.
    pub element: TypeId,
    /// The type of an index.
    pub index: TypeId,
    /// The number of elements; 0 for a flexible array.
    pub len: u32,
}
