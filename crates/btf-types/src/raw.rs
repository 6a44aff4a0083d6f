//! The floor: the format's records, byte for byte, with alignment 1.
//!
//! Names follow the structures of the kernel's `uapi/linux/btf.h` and libbpf's `.BTF.ext`. A field
//! is read with [`U32::get`] and the byte order that the magic told.
//!
//! The records can be read from bytes, and written as bytes, with the traits of zerocopy 0.8, which
//! is so a part of this crate's interface: the one dependency that is. No other signature names it.
#![expect(missing_debug_implementations, reason = "zerocopy's derive makes types that nobody sees")]

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

pub use crate::order::{U16, U32};

/// The magic at the start of BTF and of `.BTF.ext`.
pub const MAGIC: u16 = 0xeb9f;
/// The only version of the format.
pub const VERSION: u8 = 1;

/// Defines a record and pins its size, which is the format's.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident[$size:literal] { $($(#[$field_doc:meta])* $field:ident: $ty:ty,)* }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq,
            FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
        )]
        #[repr(C)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $ty,)*
        }

        const _: () = assert!(size_of::<$name>() == $size && align_of::<$name>() == 1);
    };
}

record! {
    /// What every header begins with, BTF's and `.BTF.ext`'s.
    Preamble[8] {
        /// [`MAGIC`]; which of its bytes comes first tells the byte order.
        magic: U16,
        /// [`VERSION`].
        version: u8,
        /// None are defined.
        flags: u8,
        /// Bytes of the whole header, this preamble included.
        hdr_len: U32,
    }
}

record! {
    /// The rest of `struct btf_header`. Offsets are in bytes from the end of the header.
    HeaderSections[16] {
        /// Where the type section begins.
        type_off: U32,
        /// Bytes of the type section.
        type_len: U32,
        /// Where the string section begins.
        str_off: U32,
        /// Bytes of the string section.
        str_len: U32,
    }
}

record! {
    /// What headers of 32 bytes and more add.
    HeaderLayout[8] {
        /// Where the layout table begins, in bytes from the end of the header.
        layout_off: U32,
        /// Bytes of the layout table.
        layout_len: U32,
    }
}

record! {
    /// `struct btf_layout`: how long a record of one kind is. The kind is the entry's index.
    LayoutEntry[4] {
        /// Bytes that follow the type record once.
        info_sz: u8,
        /// Bytes that follow for each of vlen elements.
        elem_sz: u8,
        /// None are defined.
        flags: U16,
    }
}

record! {
    /// `struct btf_type`: what every type's record begins with.
    Type[12] {
        /// The name, or zero.
        name_off: U32,
        /// Kind, vlen and kind_flag: [`Info`](crate::Info).
        info: U32,
        /// The size in bytes, or the type that this one refers to: the kind tells.
        size_or_type: U32,
    }
}

record! {
    /// `struct btf_array`, behind an ARRAY.
    Array[12] {
        /// The type of an element.
        elem_type: U32,
        /// The type of an index.
        index_type: U32,
        /// How many elements.
        nelems: U32,
    }
}

record! {
    /// `struct btf_member`, one for each member behind a STRUCT or UNION.
    Member[12] {
        /// The name, or zero for an anonymous member.
        name_off: U32,
        /// The member's type.
        type_id: U32,
        /// The offset in bits; with kind_flag set: bits 0–23, and the bitfield's size in 24–31.
        offset: U32,
    }
}

record! {
    /// `struct btf_enum`, one for each enumerator behind an ENUM.
    Enumerator[8] {
        /// The name.
        name_off: U32,
        /// The value; kind_flag tells whether it is signed.
        val: U32,
    }
}

record! {
    /// `struct btf_enum64`, one for each enumerator behind an ENUM64.
    Enumerator64[12] {
        /// The name.
        name_off: U32,
        /// Bits 0–31 of the value.
        val_lo32: U32,
        /// Bits 32–63 of the value.
        val_hi32: U32,
    }
}

record! {
    /// `struct btf_param`, one for each parameter behind a FUNC_PROTO.
    Param[8] {
        /// The name, or zero.
        name_off: U32,
        /// The parameter's type; zero at the end stands for `...`.
        type_id: U32,
    }
}

record! {
    /// `struct btf_var`, behind a VAR.
    Var[4] {
        /// Static 0, global 1, extern 2.
        linkage: U32,
    }
}

record! {
    /// `struct btf_var_secinfo`, one for each variable behind a DATASEC.
    VarSecInfo[12] {
        /// The VAR (or FUNC) that lies there.
        type_id: U32,
        /// Bytes from the start of the section.
        offset: U32,
        /// Bytes of the variable.
        size: U32,
    }
}

record! {
    /// `struct btf_decl_tag`, behind a DECL_TAG.
    DeclTag[4] {
        /// Which member or parameter the tag is on; all bits set: on the declaration itself.
        component_idx: U32,
    }
}

record! {
    /// The part of the `.BTF.ext` header that is always there. Offsets are in bytes from the end of
    /// the header.
    ExtSections[16] {
        /// Where the func_info sub-section begins.
        func_info_off: U32,
        /// Bytes of the func_info sub-section.
        func_info_len: U32,
        /// Where the line_info sub-section begins.
        line_info_off: U32,
        /// Bytes of the line_info sub-section.
        line_info_len: U32,
    }
}

record! {
    /// What `.BTF.ext` headers of 32 bytes and more add.
    ExtCoreReloc[8] {
        /// Where the core_relo sub-section begins, in bytes from the end of the header.
        core_relo_off: U32,
        /// Bytes of the core_relo sub-section.
        core_relo_len: U32,
    }
}

record! {
    /// `struct btf_ext_info_sec`: begins the records of one ELF section.
    ExtInfoSec[8] {
        /// The section's name.
        sec_name_off: U32,
        /// How many records follow.
        num_info: U32,
    }
}

record! {
    /// `struct bpf_func_info`: a function begins at an instruction.
    FuncInfo[8] {
        /// Bytes from the start of the section.
        insn_off: U32,
        /// The FUNC.
        type_id: U32,
    }
}

record! {
    /// `struct bpf_line_info`: a source line begins at an instruction.
    LineInfo[16] {
        /// Bytes from the start of the section.
        insn_off: U32,
        /// The file's name.
        file_name_off: U32,
        /// The text of the line.
        line_off: U32,
        /// The line in bits 10–31, the column in bits 0–9.
        line_col: U32,
    }
}

record! {
    /// `struct bpf_core_relo`: a CO-RE relocation.
    CoreReloc[16] {
        /// Bytes from the start of the section.
        insn_off: U32,
        /// The root type.
        type_id: U32,
        /// The access string.
        access_str_off: U32,
        /// What is asked of the field, type or enumerator: 0 to 12.
        kind: U32,
    }
}
