//! The format's records, byte for byte, with alignment 1.
//!
//! The names are those of the kernel's `uapi/linux/btf.h` and of libbpf's `.BTF.ext` structures. Read a
//! field with [`U32::get`] and the byte order that the magic determines.
//!
//! The records implement zerocopy's traits for this crate's own use. The impls are not part of the
//! interface: any release may use another version of zerocopy, or none.
#![expect(missing_debug_implementations, reason = "zerocopy's derive generates hidden types")]

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

pub use crate::order::{U16, U32};

/// The magic at the start of BTF and of `.BTF.ext`.
pub const MAGIC: u16 = 0xeb9f;
/// The only version of the format.
pub const VERSION: u8 = 1;

/// Defines a record, and asserts its size in the format.
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
    /// The start of every header, BTF's and `.BTF.ext`'s.
    Preamble[8] {
        /// [`MAGIC`], whose first byte determines the byte order.
        magic: U16,
        /// [`VERSION`].
        version: u8,
        /// Flags, of which none are defined.
        flags: u8,
        /// The length of the whole header in bytes, including this preamble.
        hdr_len: U32,
    }
}

record! {
    /// The rest of `struct btf_header`. Offsets are in bytes from the end of the header.
    HeaderSections[16] {
        /// The offset of the type section.
        type_off: U32,
        /// The length of the type section in bytes.
        type_len: U32,
        /// The offset of the string section.
        str_off: U32,
        /// The length of the string section in bytes.
        str_len: U32,
    }
}

record! {
    /// The part that BTF headers of 32 bytes and more add.
    HeaderLayout[8] {
        /// The offset of the layout table, in bytes from the end of the header.
        layout_off: U32,
        /// The length of the layout table in bytes.
        layout_len: U32,
    }
}

record! {
    /// `struct btf_layout`: the length of one kind's records. The index of the entry is the kind.
    LayoutEntry[4] {
        /// The bytes that follow the type record once.
        info_sz: u8,
        /// The bytes that follow for each of vlen elements.
        elem_sz: u8,
        /// Flags, of which none are defined.
        flags: U16,
    }
}

record! {
    /// `struct btf_type`: the start of every type's record.
    Type[12] {
        /// The name, or zero.
        name_off: U32,
        /// Kind, vlen and kind_flag: [`Info`](crate::Info).
        info: U32,
        /// The size in bytes or the id of the type that this one refers to, depending on the kind.
        size_or_type: U32,
    }
}

record! {
    /// `struct btf_array`, which follows an ARRAY.
    Array[12] {
        /// The type of an element.
        elem_type: U32,
        /// The type of an index.
        index_type: U32,
        /// The number of elements.
        nelems: U32,
    }
}

record! {
    /// `struct btf_member`, which follows a STRUCT or UNION for each member.
    Member[12] {
        /// The name, or zero for an anonymous member.
        name_off: U32,
        /// The member's type.
        type_id: U32,
        /// The offset in bits. With kind_flag set, it is in bits 0–23, and the bitfield's size in 24–31.
        offset: U32,
    }
}

record! {
    /// `struct btf_enum`, which follows an ENUM for each enumerator.
    Enumerator[8] {
        /// The name.
        name_off: U32,
        /// The value, which is signed if kind_flag is set.
        val: U32,
    }
}

record! {
    /// `struct btf_enum64`, which follows an ENUM64 for each enumerator.
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
    /// `struct btf_param`, which follows a FUNC_PROTO for each parameter.
    Param[8] {
        /// The name, or zero.
        name_off: U32,
        /// The parameter's type. Zero in the last parameter stands for `...`.
        type_id: U32,
    }
}

record! {
    /// `struct btf_var`, which follows a VAR.
    Var[4] {
        /// The linkage: 0 static, 1 global, 2 extern.
        linkage: U32,
    }
}

record! {
    /// `struct btf_var_secinfo`, which follows a DATASEC for each variable.
    VarSecInfo[12] {
        /// The VAR or FUNC.
        type_id: U32,
        /// The offset in bytes from the start of the section.
        offset: U32,
        /// The size in bytes.
        size: U32,
    }
}

record! {
    /// `struct btf_decl_tag`, which follows a DECL_TAG.
    DeclTag[4] {
        /// The index of the member or parameter that the tag is on. With all bits set, the tag is on the
        /// declaration itself.
        component_idx: U32,
    }
}

record! {
    /// `struct btf_loc_param`, which follows a LOC_PARAM. vlen values of four bytes follow it.
    LocParam[4] {
        /// Flags that determine the meaning of the values: [`LocFlags`](crate::LocFlags).
        flags: U32,
    }
}

record! {
    /// `struct btf_loc`, which follows a LOCSEC for each inline site.
    Loc[12] {
        /// The FUNC that is inlined.
        func: U32,
        /// The LOC_PROTO, or zero.
        loc_proto: U32,
        /// The offset of the site in bytes from the start of the section.
        offset: U32,
    }
}

record! {
    /// The part that every `.BTF.ext` header has after the preamble. Offsets are in bytes from the end of
    /// the header.
    ExtSections[16] {
        /// The offset of the func_info sub-section.
        func_info_off: U32,
        /// The length of the func_info sub-section in bytes.
        func_info_len: U32,
        /// The offset of the line_info sub-section.
        line_info_off: U32,
        /// The length of the line_info sub-section in bytes.
        line_info_len: U32,
    }
}

record! {
    /// The part that `.BTF.ext` headers of 32 bytes and more add.
    ExtCoreReloc[8] {
        /// The offset of the core_relo sub-section, in bytes from the end of the header.
        core_relo_off: U32,
        /// The length of the core_relo sub-section in bytes.
        core_relo_len: U32,
    }
}

record! {
    /// `struct btf_ext_info_sec`, which precedes the records of one ELF section.
    ExtInfoSec[8] {
        /// The section's name.
        sec_name_off: U32,
        /// The number of records that follow.
        num_info: U32,
    }
}

record! {
    /// `struct bpf_func_info`: the start of a function.
    FuncInfo[8] {
        /// The offset of the instruction, in bytes from the start of the section.
        insn_off: U32,
        /// The FUNC.
        type_id: U32,
    }
}

record! {
    /// `struct bpf_line_info`: the start of a source line.
    LineInfo[16] {
        /// The offset of the instruction, in bytes from the start of the section.
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
        /// The offset of the instruction, in bytes from the start of the section.
        insn_off: U32,
        /// The root type.
        type_id: U32,
        /// The access string.
        access_str_off: U32,
        /// The relocation kind (`enum bpf_core_relo_kind`): 0 to 12.
        kind: U32,
    }
}
