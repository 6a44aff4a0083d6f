//! Judges the headers of kernels by clang and bpftool: they compile without a warning, every size and offset is
//! that of the kernel, and so are those of the BTF that clang makes of them, with bitfields and enums.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use btf_types::{Btf, ByteOrder, Kind, Type, TypeId};
use core_reloc::{
    Module, Target,
    elf::Object,
    enums::{EnumReader, Sign},
};
use core_reloc_tests::data;
use core_reloc_tests::judge::skipped;
use core_reloc_tools::definition::MemberLayout;
use core_reloc_tools::header::{Header, HeaderGenerator, Reason, types_for_object};
use object::{Object as _, ObjectSection};
use serde_json::Value;

/// The number of types whose BTF clang makes at once: it compares each string with all others.
const PART: usize = 1000;

/// Compiles a file for BPF; `None` if there is no clang.
fn clang(order: ByteOrder, arguments: &[&str], file: &Path) -> Option<Output> {
    let target = if order == ByteOrder::Little { "bpfel" } else { "bpfeb" };
    for name in ["clang-19", "clang"] {
        let mut command = Command::new(name);
        command.args(["-target", target, "-ferror-limit=0"]).args(arguments).arg(file);
        match command.output() {
            Ok(output) => return Some(output),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => panic!("{name}: {error}"),
        }
    }
    skipped("clang is not installed");
    None
}

fn bpftool(arguments: &[&str], file: &Path, last: &[&str]) -> Option<Vec<u8>> {
    match Command::new("bpftool").args(arguments).arg(file).args(last).output() {
        Ok(output) => output.status.success().then_some(output.stdout),
        Err(error) => {
            skipped(&format!("bpftool does not start: {error}"));
            None
        }
    }
}

/// A member: its name, offset and size in bits if it is a bitfield, kind and size of its type.
type Member = (String, u64, u8, &'static str, u32);

/// Returns the members of a struct or union, with those of members without a name.
fn members(ty: Type<'_>) -> Vec<Member> {
    let mut found = Vec::new();
    add_members(ty, 0, &mut found);
    found.sort();
    found
}

fn add_members(ty: Type<'_>, bits: u64, found: &mut Vec<Member>) {
    for member in ty.members() {
        let layout = MemberLayout::of(member);
        let offset = bits + layout.bit_offset;
        let inner = member.ty().unwrap().skip_modifiers_and_typedefs().unwrap();
        let name = member.name().unwrap().to_string();
        if name.is_empty() && inner.kind().is_composite() {
            add_members(inner, offset, found);
            continue;
        }
        let kind = if inner.kind().is_enum() { "ENUM" } else { inner.kind().name() };
        found.push((name, offset, layout.bitfield_size, kind, layout.size.unwrap_or(0)));
    }
}

/// A type that the header defines: its spelling in C, and the struct, union or enum.
struct Defined<'a> {
    spelling: String,
    ty: Type<'a>,
}

/// Returns the structs, unions and enums that the header has a name for.
fn defined<'a>(generator: &HeaderGenerator<'a>, btfs: &[&'a Btf<'a>]) -> Vec<Defined<'a>> {
    let mut all = Vec::new();
    for ty in btfs.iter().flat_map(|btf| btf.own_types()) {
        let Some(name) = generator.name(ty) else { continue };
        let (keyword, ty) = match ty.kind() {
            Kind::Struct => ("struct ", ty),
            Kind::Union => ("union ", ty),
            Kind::Enum | Kind::Enum64 => ("enum ", ty),
            Kind::Typedef => {
                let to = ty.referenced().unwrap().unwrap();
                let has_body = to.kind().is_composite() || to.kind().is_enum();
                if !has_body || !to.name().unwrap().is_empty() {
                    continue;
                }
                ("", to)
            }
            _ => continue,
        };
        all.push(Defined { spelling: format!("{keyword}{name}"), ty });
    }
    all
}

/// Asserts sizes, offsets, and the values of enumerators whose names are unique.
fn assertions(all: &[Defined<'_>], btfs: &[&Btf<'_>]) -> (String, usize) {
    let (mut c, mut count) = (String::new(), 0);
    for Defined { spelling, ty } in all {
        let size = ty.size().unwrap();
        writeln!(c, "_Static_assert(sizeof({spelling}) == {size}, \"{spelling}\");").unwrap();
        count += 1;
        for (name, offset, bits, ..) in members(*ty) {
            if bits == 0 && !name.is_empty() {
                let path = format!("__builtin_offsetof({spelling}, {name})");
                writeln!(c, "_Static_assert({path} == {}, \"{spelling}\");", offset / 8).unwrap();
                count += 1;
            }
        }
    }
    let mut values: BTreeMap<String, Vec<i128>> = BTreeMap::new();
    for btf in btfs {
        let reader = EnumReader::new(btf);
        for enumerator in btf.own_types().flat_map(|ty| ty.enumerators()) {
            let name = enumerator.name().unwrap().to_string();
            values.entry(name).or_default().push(reader.value(enumerator).value);
        }
    }
    for (name, values) in values {
        // The smallest value has no literal.
        if let [value] = values[..]
            && value > i64::MIN.into()
        {
            let suffix = if value > i64::MAX.into() { "ULL" } else { "LL" };
            writeln!(c, "_Static_assert({name} == {value}{suffix}, \"{name}\");").unwrap();
            count += 1;
        }
    }
    (c, count)
}

/// Declares a variable of each type, so that clang describes them all.
fn variables(all: &[Defined<'_>]) -> String {
    let mut c = String::new();
    for (number, Defined { spelling, .. }) in all.iter().enumerate() {
        writeln!(c, "{spelling} variable_{number};").unwrap();
    }
    c
}

/// Compares the BTF that clang made with the kernel's.
fn compare(all: &[Defined<'_>], made: &Btf<'_>, reader: &EnumReader<'_>) -> usize {
    let mut by_spelling = HashMap::new();
    for ty in made.own_types() {
        let name = ty.name().unwrap().to_string();
        match ty.kind() {
            Kind::Struct => by_spelling.insert(format!("struct {name}"), ty),
            Kind::Union => by_spelling.insert(format!("union {name}"), ty),
            Kind::Enum | Kind::Enum64 => by_spelling.insert(format!("enum {name}"), ty),
            Kind::Typedef => by_spelling.insert(name, ty.skip_modifiers_and_typedefs().unwrap()),
            _ => None,
        };
    }
    let mut bitfields = 0;
    let made_reader = EnumReader::new(made);
    for Defined { spelling, ty } in all {
        let made = by_spelling.get(spelling).unwrap_or_else(|| panic!("no {spelling}"));
        assert_eq!(made.size().unwrap(), ty.size().unwrap(), "{spelling}");
        assert_eq!(members(*made), members(*ty), "{spelling}");
        bitfields += members(*ty).iter().filter(|(_, _, bits, ..)| *bits > 0).count();
        let values = |ty: Type<'_>, reader: &EnumReader<'_>| -> Vec<i128> {
            ty.enumerators().iter().map(|enumerator| reader.value(enumerator).value).collect()
        };
        assert_eq!(values(*made, &made_reader), values(*ty, reader), "{spelling}");
        for (made, own) in made.enumerators().iter().zip(ty.enumerators()) {
            let (made, own) = (made.name().unwrap().to_string(), own.name().unwrap().to_string());
            let is_flavor = made.strip_prefix(&*own).is_some_and(|rest| rest.starts_with("___"));
            assert!(made == own || is_flavor, "{spelling}: {made} for {own}");
        }
        let is_signed = reader.sign(*ty) == Sign::Signed;
        let is_stated = reader.sign(*ty) != Sign::Unstated;
        if ty.kind().is_enum() && is_stated {
            assert_eq!(made.kind_flag(), is_signed, "{spelling}");
        }
    }
    bitfields
}

/// What bpftool prints of a struct or union: size, and name, offset and bits of each member.
type Layout = (u64, BTreeSet<(String, u64, u64)>);

/// Returns the layouts that bpftool prints, with the kind, name and id of each type.
fn by_bpftool(file: &Path) -> Option<Vec<(String, String, u64, Layout)>> {
    let json = bpftool(&["-j", "btf", "dump", "file"], file, &[])?;
    let json: Value = serde_json::from_slice(&json).unwrap();
    let types: HashMap<u64, &Value> = json["types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ty| (ty["id"].as_u64().unwrap(), ty))
        .collect();
    fn add(
        ty: &Value,
        bits: u64,
        types: &HashMap<u64, &Value>,
        found: &mut BTreeSet<(String, u64, u64)>,
    ) {
        for member in ty["members"].as_array().into_iter().flatten() {
            let offset = bits + member["bits_offset"].as_u64().unwrap();
            let name = member["name"].as_str().unwrap();
            let mut inner = types.get(&member["type_id"].as_u64().unwrap());
            while let Some(ty) = inner
                && ["TYPEDEF", "CONST", "VOLATILE"].contains(&ty["kind"].as_str().unwrap())
            {
                inner = types.get(&ty["type_id"].as_u64().unwrap());
            }
            match inner {
                Some(ty) if name == "(anon)" && !ty["members"].is_null() => {
                    add(ty, offset, types, found);
                }
                _ => {
                    let bits = member["bitfield_size"].as_u64().unwrap_or(0);
                    found.insert((name.to_string(), offset, bits));
                }
            }
        }
    }
    let layout = |ty: &Value| {
        let mut found = BTreeSet::new();
        add(ty, 0, &types, &mut found);
        (ty["size"].as_u64().unwrap_or(0), found)
    };
    let mut all: Vec<_> = types.values().collect();
    all.sort_by_key(|ty| ty["id"].as_u64());
    let all = all.into_iter().filter(|ty| !ty["members"].is_null());
    Some(
        all.map(|ty| {
            let text = |key: &str| ty[key].as_str().unwrap().to_string();
            (text("kind"), text("name"), ty["id"].as_u64().unwrap(), layout(ty))
        })
        .collect(),
    )
}

/// Compares what bpftool prints of the kernel's BTF and of clang's, and returns the number of types.
fn compare_by_bpftool<'a>(
    kernel: &Path,
    objects: &[PathBuf],
    generator: &HeaderGenerator<'a>,
    btf: &'a Btf<'a>,
) -> Option<usize> {
    let name_of = |id: u64| generator.name(btf.type_by_id(TypeId(id.try_into().unwrap())).unwrap());
    let mut made: HashMap<(String, String), Layout> = HashMap::new();
    for object in objects {
        let layouts = by_bpftool(object)?.into_iter();
        made.extend(layouts.map(|(kind, name, _, layout)| ((kind, name), layout)));
    }
    let mut count = 0;
    for (kind, _, id, layout) in by_bpftool(kernel)? {
        let Some(name) = name_of(id) else { continue };
        let theirs = made.get(&(kind, name.clone())).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(*theirs, layout, "{name}");
        count += 1;
    }
    Some(count)
}

/// Returns the names that fail assertions, and the number of other errors.
fn failures(errors: &str) -> (BTreeSet<String>, usize) {
    let errors = errors.lines().filter(|line| line.contains("error: "));
    let (failed, others): (Vec<_>, Vec<_>) =
        errors.partition(|line| line.contains("static assertion failed"));
    let name = |line: &&str| line.rsplit_once(": ").map(|(_, name)| name.to_string());
    (failed.iter().filter_map(name).collect(), others.len())
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

/// Judges the header of a kernel with modules.
fn judge<'a>(
    name: &str,
    kernel: &'a Btf<'a>,
    modules: &[(&'a str, &'a Btf<'a>)],
    path: Option<&Path>,
) -> Option<()> {
    let target =
        Target::new(kernel).with_modules(modules.iter().map(|(name, btf)| Module { name, btf }));
    let generator = HeaderGenerator::new(&target);
    let header = generator.whole();
    let folder = Folder::new();
    folder.file("vmlinux.h", &header.text);
    let order = kernel.byte_order();
    if header.differences.iter().any(|difference| difference.reason == Reason::Pointer) {
        let file = folder.file("all.c", "#include \"vmlinux.h\"\n");
        let compiled = clang(order, &["-Wall", "-Werror", "-fsyntax-only"], &file)?;
        assert!(compiled.status.success(), "{name}: {}", String::from_utf8_lossy(&compiled.stderr));
        return Some(());
    }
    assert_eq!(header.differences, [], "{name}");
    let btfs: Vec<&'a Btf<'a>> =
        std::iter::once(kernel).chain(modules.iter().map(|(_, btf)| *btf)).collect();
    let all = defined(&generator, &btfs);
    let (asserts, count) = assertions(&all, &btfs);
    let c = format!("#include \"vmlinux.h\"\n{asserts}");
    let file = folder.file("asserts.c", &c);
    let warnings = ["-Wall", "-Wextra", "-Werror"];
    let compiled = clang(order, &[&["-fsyntax-only"], &warnings[..]].concat(), &file)?;
    let errors = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{name}: {}", &errors[..errors.len().min(3000)]);

    let reader = EnumReader::new(kernel);
    let mut bitfields = 0;
    let mut objects = Vec::new();
    for (part, some) in all.chunks(PART).enumerate() {
        let c = format!("#include \"vmlinux.h\"\n{}", variables(some));
        let file = folder.file("part.c", &c);
        let object = folder.0.path().join(format!("{part}.o"));
        let options = ["-g", "-c", "-w", "-o", object.to_str().unwrap()];
        assert!(clang(order, &options, &file)?.status.success(), "{name}");
        let bytes = fs::read(&object).unwrap();
        let made = Object::parse(&bytes).unwrap();
        bitfields += compare(some, made.btf().unwrap(), &reader);
        objects.push(object);
    }
    let mut text =
        format!("{name}: {} types, {count} assertions, {bitfields} bitfields", all.len());
    if let Some(path) = path {
        let types = compare_by_bpftool(path, &objects, &generator, kernel)?;
        write!(text, "; {types} structs and unions by bpftool").unwrap();
        let theirs = bpftool(&["btf", "dump", "file"], path, &["format", "c"])?;
        folder.file("theirs.h", &String::from_utf8(theirs).unwrap());
        // Of several types with one name, bpftool may call another one by it.
        let several: BTreeSet<&str> =
            all.iter().filter_map(|ty| ty.spelling.strip_suffix("___2")).collect();
        let is_own =
            |ty: &&Defined<'_>| !ty.spelling.contains("___") && !several.contains(&*ty.spelling);
        let own = |ty: &Defined<'a>| Defined { spelling: ty.spelling.clone(), ty: ty.ty };
        let own: Vec<_> = all.iter().filter(is_own).map(own).collect();
        let (asserts, _) = assertions(&own, &[]);
        let file = folder.file("theirs.c", &format!("#include \"theirs.h\"\n{asserts}"));
        let compiled = clang(order, &["-w", "-fsyntax-only"], &file)?;
        let (wrong, errors) = failures(&String::from_utf8_lossy(&compiled.stderr));
        write!(text, "; bpftool's has {} wrong types and {errors} errors", wrong.len()).unwrap();
        let some: Vec<_> = wrong.iter().take(8).collect();
        write!(text, ", such as {some:?}").unwrap();
    }
    println!("{text}");
    Some(())
}

#[test]
fn headers_of_kernels_have_their_layouts() {
    for kernel in data::kernels().unwrap() {
        let bytes = fs::read(&kernel.btf).unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        if judge(&kernel.name, &btf, &[], Some(&kernel.btf)).is_none() {
            return;
        }
    }
    if data::kernels().unwrap().is_empty() {
        skipped("no kernels: run `cargo xtask data`");
    }
}

#[test]
fn headers_with_modules_have_their_layouts() {
    for kernel in data::kernels().unwrap().into_iter().filter(|kernel| !kernel.modules.is_empty()) {
        let bytes = fs::read(&kernel.btf).unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let files: Vec<_> = kernel.modules.iter().map(|path| fs::read(path).unwrap()).collect();
        let modules: Vec<_> =
            files.iter().map(|bytes| Btf::parse_split(bytes, &btf).unwrap()).collect();
        let names: Vec<_> = (0..modules.len()).map(|number| format!("module{number}")).collect();
        let modules: Vec<(&str, &Btf<'_>)> =
            names.iter().map(String::as_str).zip(&modules).collect();
        judge(&format!("{} with {} modules", kernel.name, modules.len()), &btf, &modules, None);
    }
}

#[test]
fn headers_of_made_up_kernels_have_their_layouts() {
    for path in data::files(&data::fixture("btf"), ".btf").unwrap() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // Those of modules have a name more.
        if name.matches('.').count() > 2 {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        if judge(&name, &btf, &[], None).is_none() {
            return;
        }
    }
}

/// Compiles a program with a header, and returns its code and its relocations.
fn compile(header: &Header, program: &str) -> Option<(Vec<u8>, Vec<u8>, Vec<String>)> {
    let folder = Folder::new();
    folder.file("vmlinux.h", &header.text);
    let file = folder.file("program.c", &format!("#include \"vmlinux.h\"\n{program}"));
    let object = folder.0.path().join("program.o");
    let options = ["-g", "-O2", "-c", "-Wall", "-Werror", "-o", object.to_str().unwrap()];
    let compiled = clang(ByteOrder::Little, &options, &file)?;
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let bytes = fs::read(&object).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let code = file.section_by_name("raw_tp/program").unwrap().data().unwrap().to_vec();
    let parsed = Object::parse(&bytes).unwrap();
    let relocation = |relocation: core_reloc::elf::ObjectRelocation<'_>| {
        let root = relocation.root_name().unwrap().to_string();
        let access = relocation.access_string().unwrap().to_string();
        format!("{} {:?} {root} {access}", relocation.insn_off(), relocation.kind())
    };
    let relocations = parsed.relocations().map(relocation).collect();
    Some((bytes.clone(), code, relocations))
}

#[test]
fn a_program_is_the_same_with_a_header_of_what_it_uses() {
    const PROGRAM: &str = "
        __attribute__((section(\"raw_tp/program\"), used)) long program(struct task_struct *task)
        {
            u64 sum = task->pid + task->real_parent->tgid + task->se.sum_exec_runtime;
            sum += task->nsproxy->uts_ns->name.sysname[2] + task->mm->mmap_base;
            sum += __builtin_preserve_enum_value(*(enum bpf_map_type *)BPF_MAP_TYPE_HASH, 1);
            return sum + task->signal->rlim[3].rlim_cur;
        }";
    let kernels = data::kernels().unwrap();
    let Some(kernel) = kernels.iter().find(|kernel| kernel.name.starts_with("amd64")) else {
        return skipped("no kernels: run `cargo xtask data`");
    };
    let bytes = fs::read(&kernel.btf).unwrap();
    let btf = Btf::parse(&bytes).unwrap();
    let target = Target::new(&btf);
    let generator = HeaderGenerator::new(&target);
    let whole = generator.whole();
    let Some((object, code, relocations)) = compile(&whole, PROGRAM) else { return };
    assert!(relocations.len() > 10, "{relocations:?}");
    let wanted = types_for_object(&Object::parse(&object).unwrap(), &target);
    let small = generator.of(&wanted);
    let (whole_len, small_len) = (whole.text.len(), small.text.len());
    println!("{}: {small_len} of {whole_len} bytes", kernel.name);
    assert!(small_len < whole_len / 8);
    let (_, small_code, small_relocations) = compile(&small, PROGRAM).unwrap();
    assert_eq!((small_code, small_relocations), (code, relocations));
}
