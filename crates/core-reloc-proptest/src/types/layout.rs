//! Sizes and offsets by the rules of C.

use btf_types::{Kind, TypeId};

use super::{
    desc::{CompositeDesc, CompositeKind, Packing, TypeDesc},
    error::GraphError,
    graph::{Graph, id, index},
};

/// The largest offset in bits of a member in a composite with bitfields, which stores it in 24
/// bits.
const MAX_OFFSET_WITH_BITFIELDS: u64 = 0x00ff_ffff;

/// The sizes, alignments and offsets of the types of a [`Graph`].
///
/// They follow the psABIs of the 64-bit machines that Linux supports, BPF included: scalars are
/// aligned to their size, and a bitfield starts at the next bit unless it would cross a boundary of
/// its declared type. Offsets do not depend on the byte order, since big-endian machines number
/// bits from the most significant one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    shapes: Vec<Option<Shape>>,
    offsets: Vec<Vec<u32>>,
}

/// The size and alignment of a type, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    size: u32,
    align: u32,
}

impl Layout {
    /// Returns the size of a type in bytes, with typedefs and modifiers skipped; `None` if it has
    /// none.
    pub fn size(&self, id: TypeId) -> Option<u32> {
        self.shapes.get(index(id)?)?.map(|shape| shape.size)
    }

    /// Returns the alignment of a type in bytes; `None` if it has no size.
    pub fn alignment(&self, id: TypeId) -> Option<u32> {
        self.shapes.get(index(id)?)?.map(|shape| shape.align)
    }

    /// Returns the offsets of the members of a STRUCT or UNION in bits; empty for other types.
    pub fn offsets(&self, id: TypeId) -> &[u32] {
        index(id).and_then(|index| self.offsets.get(index)).map_or(&[], Vec::as_slice)
    }
}

impl Graph {
    /// Computes the layout of all types, and checks that the graph is well-formed.
    ///
    /// Types contained by value are laid out recursively, so a chain of many thousands can overflow
    /// the stack.
    ///
    /// # Errors
    /// See [`GraphError`].
    pub fn layout(&self) -> Result<Layout, GraphError> {
        let mut layouter = Layouter {
            graph: self,
            pointer_size: self.pointer_size(),
            states: vec![State::Unseen; self.types.len()],
            offsets: vec![Vec::new(); self.types.len()],
        };
        for (by, ty) in self.iter() {
            let limit = match index(by) {
                Some(index) if index < self.base_len => self.base_len,
                _ => self.types.len(),
            };
            let exists = |id: TypeId| index(id).is_none_or(|index| index < limit);
            if let Some(id) = ty.references().find(|id| !exists(*id)) {
                return Err(GraphError::NoSuchType { by, id });
            }
        }
        for index in 0..self.types.len() {
            layouter.shape(id(index))?;
        }
        let shapes = layouter.states.into_iter().map(|state| match state {
            State::Sized(shape) => Some(shape),
            State::Unseen | State::Open | State::Sizeless => None,
        });
        Ok(Layout { shapes: shapes.collect(), offsets: layouter.offsets })
    }
}

/// The progress of a type's layout.
#[derive(Debug, Clone, Copy)]
enum State {
    Unseen,
    /// The layout has started, and is not finished.
    Open,
    Sized(Shape),
    Sizeless,
}

struct Layouter<'g> {
    graph: &'g Graph,
    pointer_size: u32,
    states: Vec<State>,
    offsets: Vec<Vec<u32>>,
}

impl Layouter<'_> {
    /// Returns the shape of a type that must have a size.
    fn sized(&mut self, id: TypeId) -> Result<Shape, GraphError> {
        let kind = self.graph.get(id).map_or(Kind::Void, TypeDesc::kind);
        self.shape(id)?.ok_or(GraphError::NoSize { id, kind })
    }

    fn shape(&mut self, id: TypeId) -> Result<Option<Shape>, GraphError> {
        let Some(index) = index(id) else { return Ok(None) };
        match self.states[index] {
            State::Sized(shape) => return Ok(Some(shape)),
            State::Sizeless => return Ok(None),
            State::Open => return Err(GraphError::ContainsItself { id }),
            State::Unseen => self.states[index] = State::Open,
        }
        let shape = self.lay_out(id, &self.graph.types[index])?;
        self.states[index] = shape.map_or(State::Sizeless, State::Sized);
        Ok(shape)
    }

    fn lay_out(&mut self, id: TypeId, ty: &TypeDesc) -> Result<Option<Shape>, GraphError> {
        let scalar = |size: u32| Some(Shape { size, align: size.max(1) });
        Ok(match ty {
            TypeDesc::Int { size, .. } | TypeDesc::Float { size, .. } => scalar(*size),
            TypeDesc::Enum(desc) => scalar(desc.size),
            TypeDesc::Ptr(_) => scalar(self.pointer_size),
            TypeDesc::Array { element, len, .. } => {
                let element = self.sized(*element)?;
                let size = element.size.checked_mul(*len).ok_or(GraphError::TooLarge { id })?;
                Some(Shape { size, align: element.align })
            }
            TypeDesc::Composite(composite) => Some(self.composite(id, composite)?),
            TypeDesc::Typedef { of, .. }
            | TypeDesc::Modifier(_, of)
            | TypeDesc::TypeTag { of, .. } => self.shape(*of)?,
            TypeDesc::Var { of, .. } => Some(self.sized(*of)?),
            TypeDesc::DataSec { variables, .. } => {
                for variable in variables {
                    self.sized(*variable)?;
                }
                None
            }
            TypeDesc::Fwd { .. }
            | TypeDesc::FuncProto(_)
            | TypeDesc::Func { .. }
            | TypeDesc::DeclTag { .. }
            | TypeDesc::LocParam { .. }
            | TypeDesc::LocProto(_)
            | TypeDesc::LocSec { .. } => None,
        })
    }

    fn composite(&mut self, id: TypeId, composite: &CompositeDesc) -> Result<Shape, GraphError> {
        let packed = composite.packing == Packing::Packed;
        let mut offsets = Vec::with_capacity(composite.members.len());
        // The first bit that the next member can start at, and the end of the last member in bits.
        let (mut next, mut end) = (0_u64, 0_u64);
        let mut align = 1;
        for (member, desc) in composite.members.iter().enumerate() {
            let shape = self.sized(desc.ty)?;
            let whole = u64::from(shape.size) * 8;
            let (offset, len) = match desc.bits {
                Some(bits) => {
                    let scalar = self.graph.resolve(desc.ty);
                    let scalar = matches!(scalar, Some(TypeDesc::Int { .. } | TypeDesc::Enum(_)));
                    let len = u64::from(bits);
                    if !scalar || len == 0 || len > whole {
                        return Err(GraphError::BadBitfield { id, member, bits });
                    }
                    let crosses = next / whole != (next + len - 1) / whole;
                    let moves = crosses && !packed;
                    (if moves { next.next_multiple_of(whole) } else { next }, len)
                }
                None if packed => (next.next_multiple_of(8), whole),
                None => (next.next_multiple_of(u64::from(shape.align) * 8), whole),
            };
            if !packed {
                align = align.max(shape.align);
            }
            end = end.max(offset + len);
            if composite.kind == CompositeKind::Struct {
                next = end;
            }
            offsets.push(u32::try_from(offset).map_err(|_| GraphError::TooLarge { id })?);
        }
        if let Packing::Aligned(least) = composite.packing {
            align = align.max(least);
        }
        let has_bitfields = composite.members.iter().any(|member| member.bits.is_some());
        if has_bitfields && end > MAX_OFFSET_WITH_BITFIELDS {
            return Err(GraphError::TooLarge { id });
        }
        let size = end.div_ceil(8).next_multiple_of(align.into());
        let size = u32::try_from(size).map_err(|_| GraphError::TooLarge { id })?;
        if let Some(index) = index(id) {
            self.offsets[index] = offsets;
        }
        Ok(Shape { size, align })
    }
}
