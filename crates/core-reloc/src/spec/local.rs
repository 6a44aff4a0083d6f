//! The local spec: the access path of a relocation, resolved against the types of its own object.
//!
//! Follows the algorithm of libbpf's `bpf_core_parse_spec` (BSD-2-Clause option).

use btf_types::{Btf, StrOffset, Type, TypeId};
use smallvec::SmallVec;

use super::{
    end::{End, Field, Spec},
    offset::{advance, element_bits, is_flexible},
};
use crate::{
    budget::Budget,
    error::Cause,
    record::{Relocation, Subject},
    side::Side,
};

/// The access path of a relocation, resolved against the object's own types.
///
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # let inner = btf.union("", 4).member("pid", int, 0).finish();
/// # let task = btf.structure("task", 8).member("cpu", int, 0).member("", inner, 32).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::{RelocKind, Relocation, spec::LocalSpec};
///
/// // struct task { int cpu; union { int pid; }; };
/// let local = Btf::parse(&bytes)?;
/// let relocation = Relocation::new(0, task, "0:1:0".parse()?, RelocKind::FieldByteOffset);
/// let spec = LocalSpec::new(&local, &relocation)?;
/// // The root as an element, and `pid`: the anonymous union has no accessor.
/// assert_eq!(spec.accessors().len(), 2);
/// assert_eq!(spec.spec().bit_offset, 32);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LocalSpec<'a> {
    pub(super) accessors: SmallVec<[Accessor; 4]>,
    pub(super) spec: Spec<'a>,
}

/// One step of a spec: a named member, an array element, or an enumerator. Anonymous structs and unions
/// on the path have no accessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accessor {
    /// The struct or union that contains a member, the type of an element, or the enum of an
    /// enumerator; with modifiers and typedefs stripped.
    pub type_id: TypeId,
    /// The index of the member, element or enumerator.
    pub index: u32,
    /// The name of the member or enumerator; `None` for an element.
    pub name_off: Option<StrOffset>,
    /// The type of a member as declared; `void` for elements and enumerators.
    pub member_type: TypeId,
    /// The type that the accessor leads to, with modifiers and typedefs stripped; `void` for an
    /// enumerator.
    pub stripped_type: TypeId,
}

impl Accessor {
    fn element(ty: Type<'_>, index: u32) -> Self {
        let (type_id, stripped_type) = (ty.id(), ty.id());
        Self { type_id, index, name_off: None, member_type: TypeId::VOID, stripped_type }
    }
}

impl<'a> LocalSpec<'a> {
    /// Resolves the access path of a relocation against the local types.
    ///
    /// # Errors
    /// An access path that does not fit the local types, or types that are broken: see [`Cause`].
    pub fn new(local: &'a Btf<'a>, relocation: &Relocation) -> Result<Self, Cause> {
        Self::within(local, relocation, &mut Budget::for_relocation())
    }

    /// Resolves an access path as [`LocalSpec::new`] does, and charges a budget for it.
    ///
    /// # Errors
    /// Those of [`LocalSpec::new`], and [`Cause::TooComplex`].
    #[inline]
    pub fn within(
        local: &'a Btf<'a>,
        relocation: &Relocation,
        budget: &mut Budget,
    ) -> Result<Self, Cause> {
        let mut accessors = SmallVec::new();
        let spec = follow(local, relocation, budget, |accessor| accessors.push(accessor))?;
        Ok(Self { accessors, spec })
    }

    /// Returns the accessors. A field's first one is the root type as an element of an array; an enumerator
    /// has one, a type has none.
    pub fn accessors(&self) -> &[Accessor] {
        &self.accessors
    }

    /// Returns what the accessors lead to.
    pub fn spec(&self) -> &Spec<'a> {
        &self.spec
    }
}

/// Follows the access path of a relocation through the local types, passes each accessor to `visit`, and returns
/// what they lead to. On an error, `visit` has already got the accessors before it.
#[inline]
pub(crate) fn follow<'a>(
    local: &'a Btf<'a>,
    relocation: &Relocation,
    budget: &mut Budget,
    visit: impl FnMut(Accessor),
) -> Result<Spec<'a>, Cause> {
    let root = local.type_by_id(relocation.type_id).map_err(Cause::Local)?;
    let spec = Spec::of_root(local, root.id());
    match relocation.kind.subject() {
        Subject::Type => check_type_access(relocation).map(|()| spec),
        Subject::Enumerator => follow_to_enumerator(spec, root, relocation, budget, visit),
        Subject::Field => follow_to_field(spec, root, relocation, budget, visit),
    }
}

fn follow_to_enumerator<'a>(
    mut spec: Spec<'a>,
    root: Type<'a>,
    relocation: &Relocation,
    budget: &mut Budget,
    mut visit: impl FnMut(Accessor),
) -> Result<Spec<'a>, Cause> {
    let ty = budget.strip(root, Side::Local)?;
    if !ty.kind().is_enum() {
        return Err(Cause::NotAnEnum { found: ty.kind() });
    }
    let [index] = *relocation.access else { return Err(Cause::NotOneEnumerator) };
    let enumerator = ty.enumerators().get(index as usize);
    let enumerator = enumerator.ok_or(Cause::NoSuchEnumerator { index, len: ty.vlen() })?;
    visit(Accessor {
        type_id: ty.id(),
        index,
        name_off: Some(enumerator.name_off()),
        member_type: TypeId::VOID,
        stripped_type: TypeId::VOID,
    });
    spec.end = End::Enumerator(enumerator);
    Ok(spec)
}

fn follow_to_field<'a>(
    mut spec: Spec<'a>,
    root: Type<'a>,
    relocation: &Relocation,
    budget: &mut Budget,
    mut visit: impl FnMut(Accessor),
) -> Result<Spec<'a>, Cause> {
    let local = spec.btf;
    let mut ty = budget.strip(root, Side::Local)?;
    // A path that ends in an anonymous member leads to the field before it, at the member's offset.
    let mut field = Field { ty, is_element: true, bitfield_size: 0 };
    // The struct or union that contains the member of the last accessor, and the member's index there, unless that
    // accessor is an element.
    let mut reached_by = None;
    let mut bit_offset = 0;
    let mut move_on = |bits| {
        bit_offset = advance(bit_offset, bits).ok_or(Cause::OffsetOverflow)?;
        Ok::<_, Cause>(())
    };
    let mut steps = relocation.access.iter().copied();
    if let Some(index) = steps.next() {
        move_on(element_bits(ty, index).map_err(Cause::Local)?.ok_or(Cause::OffsetOverflow)?)?;
        visit(Accessor::element(ty, index));
    }
    for (step, index) in (1..).zip(steps) {
        budget.spend(1)?;
        if ty.kind().is_composite() {
            let member = ty.members().get(index as usize);
            let member = member.ok_or(Cause::NoSuchMember { step, index, len: ty.vlen() })?;
            move_on(member.bit_offset().into())?;
            let owner = ty.id();
            ty = local_type(local, member.type_id(), budget)?;
            let name_off = member.name_off();
            if name_off != StrOffset::EMPTY {
                if let Some([0, ..]) = local.string_and_rest(name_off) {
                    return Err(Cause::EmptyMemberName { step });
                }
                visit(Accessor {
                    type_id: owner,
                    index,
                    name_off: Some(name_off),
                    member_type: member.type_id(),
                    stripped_type: ty.id(),
                });
                reached_by = Some((owner, index));
                let bitfield_size = member.bitfield_size();
                field = Field { ty, is_element: false, bitfield_size };
            }
        } else if let Some(array) = ty.array() {
            if index >= array.len && !is_flexible(local, reached_by, array.len) {
                return Err(Cause::NoSuchElement { step, index, len: array.len });
            }
            ty = local_type(local, array.element, budget)?;
            let bits = element_bits(ty, index).map_err(Cause::Local)?;
            move_on(bits.ok_or(Cause::OffsetOverflow)?)?;
            visit(Accessor::element(ty, index));
            reached_by = None;
            field = Field { ty, is_element: true, bitfield_size: 0 };
        } else {
            return Err(Cause::NoWayIn { step, found: ty.kind() });
        }
    }
    spec.bit_offset = bit_offset;
    spec.end = End::Field(field);
    Ok(spec)
}

fn check_type_access(relocation: &Relocation) -> Result<(), Cause> {
    match *relocation.access {
        [0] => Ok(()),
        _ => Err(Cause::NotTheRoot),
    }
}

fn local_type<'a>(local: &'a Btf<'a>, id: TypeId, budget: &mut Budget) -> Result<Type<'a>, Cause> {
    budget.strip(local.type_by_id(id).map_err(Cause::Local)?, Side::Local)
}
