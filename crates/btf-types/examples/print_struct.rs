//! Prints the layout of a struct or union: the offset, type and name of each member.
//!
//! ```sh
//! cargo run -p btf-types --example print_struct                    # task_struct of this kernel
//! cargo run -p btf-types --example print_struct job same.le.btf    # of a file of raw BTF
//! ```
#![allow(clippy::arithmetic_side_effects, reason = "an offset has 32 bits, and indents are small")]

use std::{env, error::Error, fmt::Write, fs};

use btf_types::{Btf, Kind, Result, Type};

/// Returns a type in the words of C, as far as one line shows it.
fn type_name(mut ty: Type<'_>) -> Result<String> {
    // The element type of an array of arrays is an array.
    let mut dimensions = String::new();
    while let Some(array) = ty.array() {
        dimensions.push_str(&format!("[{}]", array.len));
        ty = ty.btf().type_by_id(array.element)?;
    }
    // Other types may also refer to a type. BTF has its id, which `referenced` looks up.
    let name = match (ty.kind(), ty.referenced()?) {
        (Kind::Ptr, Some(to)) => format!("{} *", type_name(to)?),
        (Kind::Const, Some(of)) => format!("const {}", type_name(of)?),
        (Kind::Volatile, Some(of)) => format!("volatile {}", type_name(of)?),
        (Kind::Restrict | Kind::TypeTag, Some(of)) => type_name(of)?,
        (Kind::FuncProto, _) => "function".to_owned(),
        (Kind::Void, _) => "void".to_owned(),
        (Kind::Struct, _) => format!("struct {}", ty.name()?),
        (Kind::Union, _) => format!("union {}", ty.name()?),
        (Kind::Enum | Kind::Enum64, _) => format!("enum {}", ty.name()?),
        _ => ty.name()?.to_string(),
    };
    Ok(name.trim_end().to_owned() + &dimensions)
}

/// Writes the members of a struct or union, `bits` bits from the start of the outermost one.
fn write_members(out: &mut String, ty: Type<'_>, bits: u32, depth: usize) -> Result<()> {
    for member in ty.members() {
        // Offsets are in bits. Bitfields also have a size; for other members it is 0.
        let offset = bits + member.bit_offset();
        let (name, member_type) = (member.name()?, member.ty()?);
        let mut declaration = format!("{} {name}", type_name(member_type)?).trim_end().to_owned();
        if member.bitfield_size() > 0 {
            declaration.push_str(&format!(" : {}", member.bitfield_size()));
        }
        let indent = 2 * depth;
        // Writing to a string does not fail.
        let _ = writeln!(out, "{:6}  {:indent$}{declaration}", offset / 8, "");
        // C finds the members of an anonymous struct or union as if they belonged to the outer one.
        if name.is_empty() {
            write_members(out, member_type, offset, depth + 1)?;
        }
    }
    Ok(())
}

/// Returns the layout of the first struct or union with a name.
fn layout(btf: &Btf<'_>, name: &str) -> std::result::Result<String, Box<dyn Error>> {
    let ty = btf.find(name, Kind::Struct).or_else(|| btf.find(name, Kind::Union));
    let ty = ty.ok_or_else(|| format!("there is no struct or union {name}"))?;
    let mut out = format!("{}, {} bytes\n", type_name(ty)?, ty.size()?);
    write_members(&mut out, ty, 0, 0)?;
    Ok(out)
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "task_struct".to_owned());
    let path = arguments.next().unwrap_or_else(|| "/sys/kernel/btf/vmlinux".to_owned());

    let bytes = fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
    // The BTF borrows the bytes and copies nothing.
    let btf = Btf::parse(&bytes).map_err(|error| format!("{path}: {error}"))?;
    print!("{}", layout(&btf, &name)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_anonymous_structs_are_indented() {
        let bytes = include_bytes!("../../../fixtures/btf/bitfields.le.btf");
        let layout = layout(&Btf::parse(bytes).unwrap(), "job").unwrap();
        let expected = "struct job, 152 bytes
     0  job_id_t pid
     4  u32 uid : 20
     8  u64 flags
    16  char[16] comm
    32  struct job_queue queue
    44  struct
    44    u16 first
    46    union
    46      u16 second
    46      u8[2] bytes
    48  int[3][4] grid
    96  struct job * parent
";
        assert!(layout.starts_with(expected), "{layout}");
    }
}
