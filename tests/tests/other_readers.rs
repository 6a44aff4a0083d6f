//! Compares what we read of real kernels' types with the output of `bpftool btf dump`: every type, member,
//! enumerator, parameter and variable, with its name, size and ids.
//!
//! bpftool prints a kernel's types as one line of JSON, which must equal ours byte for byte.

use std::fmt::{Display, Write};
use std::fs;
use std::io::{BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use btf_types::{Btf, DeclTarget, Kind, Linkage, Name, Type};
use core_reloc_tests::data;
use core_reloc_tests::judge::skipped;

/// BTF from a file, with the file of its base.
struct Sample<'a> {
    path: &'a Path,
    btf: Btf<'a>,
    base: Option<&'a Path>,
}

/// Compares the types of BTF, without those of its base, and returns their number. `None` without bpftool.
fn compare(sample: &Sample<'_>) -> Option<usize> {
    let mut bpftool = Command::new("bpftool");
    bpftool.arg("--json");
    if let Some(base) = sample.base {
        bpftool.arg("--base-btf").arg(base);
    }
    bpftool.args(["btf", "dump", "file"]).arg(sample.path).stdout(Stdio::piped());
    let mut bpftool = match bpftool.spawn() {
        Ok(bpftool) => bpftool,
        Err(error) => {
            skipped(&format!("bpftool does not start: {error}"));
            return None;
        }
    };
    let mut output = BufReader::with_capacity(1 << 16, bpftool.stdout.take()?);
    let path = sample.path.display();
    expect(&mut output, "{\"types\":[", &path);
    for (position, ty) in sample.btf.own_types().enumerate() {
        let separator = if position > 0 { "," } else { "" };
        expect(&mut output, &format!("{separator}{}", json(ty)), &path);
    }
    expect(&mut output, "]}\n", &path);
    assert_eq!(output.read(&mut [0]).unwrap(), 0, "{path}: bpftool prints more");
    assert!(bpftool.wait().unwrap().success(), "{path}");
    Some(sample.btf.own_types().len())
}

/// Reads as many bytes as `ours` has, and compares them.
fn expect(output: &mut impl Read, ours: &str, path: &impl Display) {
    let mut theirs = vec![0; ours.len()];
    output.read_exact(&mut theirs).unwrap_or_else(|error| panic!("{path}: {error} at {ours}"));
    let theirs = String::from_utf8_lossy(&theirs);
    assert_eq!(ours, theirs, "{path}");
}

/// Formats a type as bpftool does.
fn json(ty: Type<'_>) -> String {
    let (id, kind) = (ty.id().0, ty.kind());
    let name = name(ty.name().unwrap());
    let mut out = format!("{{\"id\":{id},\"kind\":\"{kind}\",\"name\":\"{name}\"");
    let size = ty.stated_size().unwrap_or_default();
    let to = ty.referenced_id().unwrap_or_default().0;
    let vlen = ty.vlen();
    let facts = match kind {
        Kind::Int => {
            let int = ty.int().unwrap();
            let (offset, bits) = (int.bit_offset(), int.bits());
            format!(
                "\"size\":{size},\"bits_offset\":{offset},\"nr_bits\":{bits},\"encoding\":\"{int}\""
            )
        }
        Kind::Array => {
            let array = ty.array().unwrap();
            let (element, index, len) = (array.element.0, array.index.0, array.len);
            format!("\"type_id\":{element},\"index_type_id\":{index},\"nr_elems\":{len}")
        }
        Kind::Struct | Kind::Union => {
            let members = list(ty.members().iter().map(|member| {
                let (name, id) = (self::name(member.name().unwrap()), member.type_id().0);
                let bits = match member.bitfield_size() {
                    0 => String::new(),
                    bits => format!(",\"bitfield_size\":{bits}"),
                };
                let offset = member.bit_offset();
                format!("\"name\":\"{name}\",\"type_id\":{id},\"bits_offset\":{offset}{bits}")
            }));
            format!("\"size\":{size},\"vlen\":{vlen},\"members\":{members}")
        }
        Kind::Enum | Kind::Enum64 => {
            let encoding = if ty.kind_flag() { "SIGNED" } else { "UNSIGNED" };
            let values = list(ty.enumerators().iter().map(|enumerator| {
                let name = self::name(enumerator.name().unwrap());
                // In JSON, unlike in text, bpftool sign-extends unsigned values of 32 bits.
                let value = match (kind, enumerator.is_signed()) {
                    (Kind::Enum, false) => i128::from(enumerator.bits() as i32 as u64),
                    _ => enumerator.value(),
                };
                format!("\"name\":\"{name}\",\"val\":{value}")
            }));
            format!(
                "\"encoding\":\"{encoding}\",\"size\":{size},\"vlen\":{vlen},\"values\":{values}"
            )
        }
        Kind::Fwd => {
            let fwd_kind = if ty.fwd_is_union().unwrap() { "union" } else { "struct" };
            format!("\"fwd_kind\":\"{fwd_kind}\"")
        }
        Kind::Func | Kind::Var => {
            let linkage = match ty.linkage().unwrap() {
                Linkage::Static => "static",
                Linkage::Global => "global",
                Linkage::Extern => "extern",
                _ => "(unknown)",
            };
            format!("\"type_id\":{to},\"linkage\":\"{linkage}\"")
        }
        Kind::FuncProto => {
            let params = list(ty.params().iter().map(|param| {
                let (name, id) = (self::name(param.name().unwrap()), param.type_id().0);
                format!("\"name\":\"{name}\",\"type_id\":{id}")
            }));
            format!("\"ret_type_id\":{to},\"vlen\":{vlen},\"params\":{params}")
        }
        Kind::DataSec => {
            let variables = list(ty.variables().iter().map(|variable| {
                let (id, offset, size) = (variable.type_id().0, variable.offset(), variable.size());
                format!("\"type_id\":{id},\"offset\":{offset},\"size\":{size}")
            }));
            format!("\"size\":{size},\"vlen\":{vlen},\"vars\":{variables}")
        }
        Kind::Float => format!("\"size\":{size}"),
        Kind::DeclTag => {
            let component = match ty.decl_target().unwrap() {
                DeclTarget::Declaration => -1,
                DeclTarget::Component(index) => i64::from(index),
            };
            format!("\"type_id\":{to},\"component_idx\":{component}")
        }
        Kind::Ptr
        | Kind::Typedef
        | Kind::Volatile
        | Kind::Const
        | Kind::Restrict
        | Kind::TypeTag => format!("\"type_id\":{to}"),
        _ => panic!("type {id} is of kind {kind}"),
    };
    write!(out, ",{facts}}}").unwrap();
    out
}

fn list(entries: impl Iterator<Item = String>) -> String {
    let entries: Vec<String> = entries.map(|entry| format!("{{{entry}}}")).collect();
    format!("[{}]", entries.join(","))
}

fn name(name: Name<'_>) -> String {
    if name.is_empty() { "(anon)".to_string() } else { name.to_string() }
}

/// Compares a kernel and its modules, and returns the number of types.
fn compare_kernel(main: &Path, modules: &[impl AsRef<Path>]) -> Option<usize> {
    let bytes = fs::read(main).unwrap();
    let btf = Btf::parse(&bytes).unwrap();
    let mut count = compare(&Sample { path: main, btf: btf.clone(), base: None })?;
    for path in modules {
        let path = path.as_ref();
        let bytes = fs::read(path).unwrap();
        let module = Btf::parse_split(&bytes, &btf).unwrap();
        count += compare(&Sample { path, btf: module, base: Some(main) })?;
    }
    Some(count)
}

#[test]
fn bpftool_reads_the_same_types_of_the_running_kernel() {
    let folder = Path::new("/sys/kernel/btf");
    let main = folder.join("vmlinux");
    if !main.exists() {
        return skipped("this kernel has no BTF");
    }
    let mut modules: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let is_inline = |path: &Path| path.extension().is_some_and(|extension| extension == "inline");
    modules.retain(|path| *path != main && !is_inline(path));
    let Some(count) = compare_kernel(&main, &modules) else { return };
    println!("{count} types of the running kernel and {} modules", modules.len());
}

/// A kernel with modules, one of another architecture, and one of the other byte order.
#[test]
fn bpftool_reads_the_same_types_of_distributions_kernels() {
    let kernels = data::kernels().unwrap();
    for name in ["amd64-6.1", "arm64-6.1", "s390x-6.12"] {
        let Some(kernel) = kernels.iter().find(|kernel| kernel.name == name) else {
            skipped(&format!("no {name} here; `cargo xtask data` fetches it"));
            continue;
        };
        assert_eq!(kernel.modules.is_empty(), name != "amd64-6.1", "{name}");
        let Some(count) = compare_kernel(&kernel.btf, &kernel.modules) else { return };
        println!("{count} types of {name} and {} modules", kernel.modules.len());
        assert!(count > 50_000, "{name} has {count} types");
    }
}
