//! The kinds without entries, types from raw bytes, and redirecting references.

use zerocopy::{FromBytes, IntoBytes};

use super::{Builder, Error, Record};
use crate::{
    DeclTarget, Info, IntEncoding, Kind, Linkage, TypeId,
    layout::{Parts, SizeOrType},
    raw,
};

impl Builder<'_> {
    /// Adds an INT of a size in bytes, and returns its id.
    pub fn int(&mut self, name: impl AsRef<[u8]>, size: u32, encoding: IntEncoding) -> TypeId {
        let encoding = self.word(encoding.0);
        let record = self.record(name, Kind::Int, size);
        self.push(record, encoding.as_bytes())
    }

    /// Adds a PTR.
    pub fn ptr(&mut self, to: TypeId) -> TypeId {
        self.reference(Kind::Ptr, "", to)
    }

    /// Adds an ARRAY of `len` elements; 0 makes it a flexible array.
    pub fn array(&mut self, element: TypeId, index: TypeId, len: u32) -> TypeId {
        let array = raw::Array {
            elem_type: self.word(element.0),
            index_type: self.word(index.0),
            nelems: self.word(len),
        };
        let record = self.record("", Kind::Array, 0);
        self.push(record, array.as_bytes())
    }

    /// Adds a FWD, the forward declaration of a structure.
    pub fn fwd_struct(&mut self, name: impl AsRef<[u8]>) -> TypeId {
        let record = self.record(name, Kind::Fwd, 0);
        self.push(record, &[])
    }

    /// Adds a FWD, the forward declaration of a union.
    pub fn fwd_union(&mut self, name: impl AsRef<[u8]>) -> TypeId {
        let record = self.record(name, Kind::Fwd, 0);
        self.push(Record { kind_flag: true, ..record }, &[])
    }

    /// Adds a TYPEDEF.
    pub fn typedef(&mut self, name: impl AsRef<[u8]>, of: TypeId) -> TypeId {
        self.reference(Kind::Typedef, name, of)
    }

    /// Adds a VOLATILE.
    pub fn volatile(&mut self, of: TypeId) -> TypeId {
        self.reference(Kind::Volatile, "", of)
    }

    /// Adds a CONST.
    pub fn constant(&mut self, of: TypeId) -> TypeId {
        self.reference(Kind::Const, "", of)
    }

    /// Adds a RESTRICT.
    pub fn restrict(&mut self, of: TypeId) -> TypeId {
        self.reference(Kind::Restrict, "", of)
    }

    /// Adds a FUNC with a prototype from [`Builder::func_proto`].
    pub fn func(&mut self, name: impl AsRef<[u8]>, proto: TypeId, linkage: Linkage) -> TypeId {
        let vlen = linkage.to_raw() as usize;
        let record = self.record(name, Kind::Func, proto.0);
        self.push(Record { vlen, ..record }, &[])
    }

    /// Adds a VAR.
    pub fn var(&mut self, name: impl AsRef<[u8]>, of: TypeId, linkage: Linkage) -> TypeId {
        let var = raw::Var { linkage: self.word(linkage.to_raw()) };
        let record = self.record(name, Kind::Var, of.0);
        self.push(record, var.as_bytes())
    }

    /// Adds a FLOAT of a size in bytes.
    pub fn float(&mut self, name: impl AsRef<[u8]>, size: u32) -> TypeId {
        let record = self.record(name, Kind::Float, size);
        self.push(record, &[])
    }

    /// Adds a DECL_TAG on a declaration, or on one of its members or parameters.
    pub fn decl_tag(&mut self, tag: impl AsRef<[u8]>, on: TypeId, target: DeclTarget) -> TypeId {
        let component = raw::DeclTag { component_idx: self.word(target.to_raw()) };
        let record = self.record(tag, Kind::DeclTag, on.0);
        self.push(record, component.as_bytes())
    }

    /// Adds a TYPE_TAG.
    pub fn type_tag(&mut self, tag: impl AsRef<[u8]>, of: TypeId) -> TypeId {
        self.reference(Kind::TypeTag, tag, of)
    }

    /// Sets the layout of a kind above 22: the bytes that follow its record once, and for each of vlen
    /// elements. The header then has a layout table. A split BTF inherits its base's layouts.
    pub fn layout(&mut self, kind: u8, info_size: u8, element_size: u8) {
        if self.layout.add(kind, info_size, element_size) {
            self.layout_needed = true;
        } else {
            self.fail(Error::BadLayout { kind });
        }
    }

    /// Adds a type of any kind that is known or has a [`Builder::layout`]. `trailing` has the bytes that
    /// follow the record, in the BTF's byte order.
    pub fn raw_type(
        &mut self,
        name: impl AsRef<[u8]>,
        info: Info,
        size_or_type: u32,
        trailing: &[u8],
    ) -> TypeId {
        let needed = self.layout.trailing_len(info);
        if needed.map(|len| len as usize) != Some(trailing.len()) {
            let (id, kind) = (self.next_id(), info.kind());
            self.fail(Error::WrongTrailing { id, kind, needed, found: trailing.len() });
        }
        let record = self.record(name, info.kind(), size_or_type);
        let (vlen, kind_flag) = (info.vlen() as usize, info.kind_flag());
        self.push(Record { vlen, kind_flag, ..record }, trailing)
    }

    /// Changes the type that an earlier type refers to: a PTR's target, the type that a TYPEDEF or modifier
    /// applies to, a FUNC's prototype, a FUNC_PROTO's result, a VAR's type, the type that a DECL_TAG is
    /// on, or an ARRAY's element.
    pub fn redirect(&mut self, id: TypeId, to: TypeId) {
        let to = self.word(to.0);
        match self.reference_mut(id) {
            Some(reference) => *reference = to,
            None => self.fail(Error::NotAReference { id }),
        }
    }

    /// Returns the word with the id that a type refers to.
    fn reference_mut(&mut self, id: TypeId) -> Option<&mut raw::U32> {
        let index = id.0.checked_sub(self.start_id)? as usize;
        let bytes = self.types.get_mut(*self.offsets.get(index)?..)?;
        let (record, rest) = raw::Type::mut_from_prefix(bytes).ok()?;
        let kind = Info(record.info.get(self.order)).kind();
        if kind == Kind::Array {
            return Some(&mut raw::Array::mut_from_prefix(rest).ok()?.0.elem_type);
        }
        let refers = Parts::of(kind).size_or_type == SizeOrType::Type;
        refers.then_some(&mut record.size_or_type)
    }

    fn reference(&mut self, kind: Kind, name: impl AsRef<[u8]>, to: TypeId) -> TypeId {
        let record = self.record(name, kind, to.0);
        self.push(record, &[])
    }
}
