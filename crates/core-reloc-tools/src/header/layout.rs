//! The layout that C gives the types of a header on BPF, and what has to be written so that it is that of the
//! kernel.

mod place;

use btf_types::{Kind, Member};

use self::place::Rules;
pub(super) use self::place::{Pads, Place};
use super::{
    types::{Node, Types},
    words::spelling,
};
use crate::definition::old_bitfield;

/// The size of a pointer on BPF.
const POINTER: u64 = 8;

/// The largest alignment that is written, as a power of two: the size of a page.
const MAX_ALIGNMENT: u8 = 12;

/// The size and alignment of a type in the header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// The size in bytes.
    pub(super) size: u64,
    /// The alignment in bytes, a power of two.
    pub(super) align: u64,
    /// The maximum number of bits of a bitfield of the type; 0 if it cannot be one.
    max_bits: u8,
    /// Whether an INT has only a part of its bits, as the bitfields of older encoders.
    is_part: bool,
    /// Whether a struct or union has the attribute `packed`.
    pub(super) is_packed: bool,
    /// The alignment that its attribute states, in bytes; 0 without one.
    pub(super) aligned: u64,
}

impl Shape {
    fn scalar(size: u64) -> Self {
        Self { size, align: size, max_bits: 0, is_part: false, is_packed: false, aligned: 0 }
    }
}

/// The layouts of all types.
#[derive(Debug)]
pub(super) struct Layouts {
    /// `None` for a type without a size, such as a function, and one that contains itself.
    shapes: Vec<Option<Shape>>,
    /// The largest alignment, as a power of two, that a type can have without moving anything that contains
    /// it.
    limits: Vec<u8>,
    /// The number of types that were laid out before each one. A type contains only those with lower numbers.
    ranks: Vec<usize>,
    /// Whether pointers have another size in the kernel than on BPF, where no struct with one is alike.
    is_narrow: bool,
}

/// A member of a struct or union as the layout sees it. Offsets and sizes are in bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    offset: u64,
    size: u64,
    align: u64,
    /// The size of the type.
    unit: u64,
    is_bitfield: bool,
    /// Whether no member of C has such a type or so many bits.
    is_impossible: bool,
}

impl Layouts {
    pub(super) fn new(types: &Types<'_>) -> Self {
        let is_narrow =
            types.btfs().next().is_some_and(|btf| u64::from(btf.pointer_size()) != POINTER);
        let mut layouts = Self {
            shapes: vec![None; types.len()],
            limits: vec![MAX_ALIGNMENT; types.len()],
            ranks: vec![usize::MAX; types.len()],
            is_narrow,
        };
        let order = containing_last(types);
        for node in order.iter().rev() {
            layouts.limit_contained(types, *node);
        }
        let mut places = Vec::new();
        for (rank, node) in order.into_iter().enumerate() {
            if let Some(slot) = layouts.ranks.get_mut(node.key.index()) {
                *slot = rank;
            }
            let shape = layouts.shape_of(types, node, &mut places);
            if let Some(slot) = layouts.shapes.get_mut(node.key.index()) {
                *slot = shape;
            }
        }
        layouts
    }

    /// Returns the shape of a type; `None` if it has no size.
    pub(super) fn shape(&self, node: Node<'_>) -> Option<Shape> {
        self.shapes.get(node.key.index()).copied().flatten()
    }

    /// Returns the shape of a type that another one contains; `None` if it has no size, or contains the other
    /// one.
    pub(super) fn contained(&self, owner: Node<'_>, node: Node<'_>) -> Option<Shape> {
        let rank = |node: Node<'_>| self.ranks.get(node.key.index());
        self.shape(node).filter(|_| rank(node) < rank(owner))
    }

    /// Returns `true` if pointers have another size in the kernel.
    pub(super) fn is_narrow(&self) -> bool {
        self.is_narrow
    }

    fn limit(&self, node: Node<'_>) -> u8 {
        self.limits.get(node.key.index()).copied().unwrap_or(0)
    }

    /// Limits the alignment of the types that a type contains.
    fn limit_contained(&mut self, types: &Types<'_>, node: Node<'_>) {
        let limit = self.limit(node);
        let mut lower = |to: Option<Node<'_>>, limit: u8| {
            if let Some(known) = to.and_then(|to| self.limits.get_mut(to.key.index())) {
                *known = limit.min(*known);
            }
        };
        match node.ty.kind() {
            Kind::Struct | Kind::Union => {
                let size = node.ty.stated_size().unwrap_or(0);
                for member in node.ty.members() {
                    let byte = member.bit_offset() / 8;
                    let factor = u8::try_from((byte | size).trailing_zeros()).unwrap_or(u8::MAX);
                    lower(types.follow(node, member.type_id()), limit.min(factor));
                }
            }
            _ => lower(contained(types, node, 0), limit),
        }
    }

    fn shape_of(
        &self,
        types: &Types<'_>,
        node: Node<'_>,
        places: &mut Vec<Place>,
    ) -> Option<Shape> {
        let size = u64::from(node.ty.stated_size().unwrap_or(0));
        match node.ty.kind() {
            Kind::Int | Kind::Float => {
                if spelling(node.ty).is_none() {
                    // An array of bytes.
                    return Some(Shape { align: 1, ..Shape::scalar(size) });
                }
                let int = node.ty.int();
                let bits = u8::try_from(size.saturating_mul(8)).unwrap_or(u8::MAX);
                let max_bits = int.map_or(0, |int| if int.is_bool() { 1 } else { bits });
                let is_part = int.is_some_and(|int| {
                    int.bit_offset() > 0 || u64::from(int.bits()) < u64::from(bits)
                });
                Some(Shape { max_bits, is_part, ..Shape::scalar(size) })
            }
            Kind::Enum | Kind::Enum64 => {
                let size = if matches!(size, 1 | 2 | 4 | 8) { size } else { 4 };
                let max_bits = u8::try_from(size.saturating_mul(8)).unwrap_or(0);
                Some(Shape { max_bits, ..Shape::scalar(size) })
            }
            Kind::Ptr => Some(Shape::scalar(POINTER)),
            Kind::Array => {
                let element = self.shape(contained(types, node, 0)?)?;
                let size = element.size.checked_mul(node.ty.array()?.len.into())?;
                // No type of C is larger, in bits.
                let is_possible = size <= u64::from(u32::MAX);
                is_possible.then_some(Shape { align: element.align, ..Shape::scalar(size) })
            }
            Kind::Struct | Kind::Union => Some(self.composite(types, node, places)),
            _ => self.shape(contained(types, node, 0)?),
        }
    }

    fn composite(&self, types: &Types<'_>, node: Node<'_>, places: &mut Vec<Place>) -> Shape {
        let (fields, _) = self.fields(types, node);
        let rules = self.rules(node, false);
        let (is_packed, end) = match rules.place(&fields, places) {
            Some(end) => (false, end),
            None => {
                let end = Rules { is_packed: true, ..rules }.place(&fields, places);
                (true, end.unwrap_or_default())
            }
        };
        Shape {
            size: end.size / 8,
            align: end.align / 8,
            max_bits: 0,
            is_part: false,
            is_packed,
            aligned: end.aligned / 8,
        }
    }

    fn rules(&self, node: Node<'_>, is_packed: bool) -> Rules {
        Rules {
            size: u64::from(node.ty.stated_size().unwrap_or(0)).saturating_mul(8),
            is_union: node.ty.kind() == Kind::Union,
            is_packed,
            is_free: self.is_narrow,
            max_align: 8_u64.checked_shl(self.limit(node).into()).unwrap_or(8),
        }
    }

    /// Returns the members of a struct or union in the order of C with the place of each one, and what is
    /// written after the last.
    pub(super) fn place<'a>(
        &self,
        types: &Types<'a>,
        node: Node<'a>,
        is_packed: bool,
    ) -> (Vec<(Member<'a>, Place)>, Pads) {
        let (fields, members) = self.fields(types, node);
        let mut places = Vec::with_capacity(fields.len());
        let end = self.rules(node, is_packed).place(&fields, &mut places).unwrap_or_default();
        (members.into_iter().zip(places).collect(), end.pads)
    }

    /// Returns the members in the order of their offsets, which is that of BTF but for other languages than C.
    fn fields<'a>(&self, types: &Types<'a>, node: Node<'a>) -> (Vec<Field>, Vec<Member<'a>>) {
        let members = node.ty.members();
        let mut all: Vec<(Field, Member<'a>)> =
            members.iter().map(|member| (self.field(types, node, member), member)).collect();
        let order = |(field, _): &(Field, Member<'_>)| (field.offset, field.size > 0);
        if !all.is_sorted_by_key(|(field, _)| field.offset) {
            all.sort_by_key(order);
        }
        all.into_iter().unzip()
    }

    fn field<'a>(&self, types: &Types<'a>, node: Node<'a>, member: Member<'a>) -> Field {
        let mut offset = u64::from(member.bit_offset());
        let shape = types.follow(node, member.type_id()).and_then(|ty| self.contained(node, ty));
        let Some(shape) = shape else {
            return Field {
                offset,
                size: 0,
                align: 8,
                unit: 8,
                is_bitfield: false,
                is_impossible: true,
            };
        };
        let mut bits = member.bitfield_size();
        if shape.is_part
            && let Some((from, part)) = old_bitfield(member)
        {
            offset = offset.saturating_add(from.into());
            bits = part;
        }
        let unit = shape.size.saturating_mul(8);
        let is_bitfield = bits > 0;
        Field {
            offset,
            size: if is_bitfield { bits.into() } else { unit },
            align: shape.align.saturating_mul(8),
            unit,
            is_bitfield,
            is_impossible: if is_bitfield {
                bits > shape.max_bits
            } else {
                !offset.is_multiple_of(8)
            },
        }
    }
}

/// Returns a type that another one contains: for a struct or union, that of the member with a number, otherwise
/// the only one.
fn contained<'a>(types: &Types<'a>, node: Node<'a>, number: usize) -> Option<Node<'a>> {
    let id = match node.ty.kind() {
        Kind::Struct | Kind::Union => node.ty.members().get(number)?.type_id(),
        _ if number > 0 => return None,
        Kind::Array => node.ty.array()?.element,
        Kind::Typedef | Kind::Const | Kind::Volatile | Kind::Restrict | Kind::TypeTag => {
            node.ty.referenced_id()?
        }
        _ => return None,
    };
    types.follow(node, id)
}

/// Returns all types, each after those that it contains, unless it contains itself.
fn containing_last<'a>(types: &Types<'a>) -> Vec<Node<'a>> {
    let mut order = Vec::with_capacity(types.len());
    let mut is_known = vec![false; types.len()];
    let mut is_new = |node: Node<'_>| {
        is_known.get_mut(node.key.index()).is_some_and(|known| !std::mem::replace(known, true))
    };
    let mut open: Vec<(Node<'a>, usize)> = Vec::new();
    for root in types.nodes() {
        if is_new(root) {
            open.push((root, 0));
        }
        while let Some((node, number)) = open.last_mut() {
            let node = *node;
            let next = contained(types, node, *number);
            // A member whose type does not exist is none that it contains.
            let is_last = next.is_none() && *number >= node.ty.members().len();
            *number = number.saturating_add(1);
            match next {
                Some(next) if is_new(next) => open.push((next, 0)),
                None if is_last => {
                    order.push(node);
                    open.pop();
                }
                _ => {}
            }
        }
    }
    order
}
