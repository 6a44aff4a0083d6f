//! Compares the definitions of kernels' types with other programs: with `pahole`, which members there are, at
//! which offsets and bits; with `clang`, that the definitions compile to the same layout. `bpftool` declares
//! the types that they refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use btf_types::{Btf, ByteOrder, Kind, KindSet, Member};
use core_reloc_tests::data;
use core_reloc_tests::judge::skipped;
use core_reloc_tools::definition::{Definition, DefinitionLine, MemberLayout};

/// Returns the BTF of the kernels of the data and of the running kernel.
fn kernels() -> Vec<PathBuf> {
    let fetched = data::kernels().unwrap().into_iter().map(|kernel| kernel.btf);
    let running = PathBuf::from("/sys/kernel/btf/vmlinux");
    fetched.chain(Some(running).filter(|path| path.exists())).collect()
}

/// Returns the output of a judge; `None` if it does not start.
fn output(command: &mut Command) -> Option<Output> {
    match command.output() {
        Ok(output) => Some(output),
        Err(error) => {
            skipped(&format!("{} does not start: {error}", command.get_program().display()));
            None
        }
    }
}

/// The place of a member: byte, bit if it is a bitfield, size.
type Place = (u64, Option<u64>, u32);

/// Returns the places of the members of each struct, with those in anonymous types, by pahole.
fn by_pahole(path: &Path) -> Option<BTreeMap<String, Vec<Vec<Place>>>> {
    let output = output(Command::new("pahole").arg(path))?;
    assert!(output.status.success(), "{}", path.display());
    let mut structs: BTreeMap<String, Vec<Vec<Place>>> = BTreeMap::new();
    let (mut name, mut places) = (String::new(), Vec::new());
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some(rest) = line.strip_prefix("struct ") {
            name = rest.trim_end_matches('{').trim().to_string();
            places.clear();
        } else if line.starts_with('}') {
            structs.entry(std::mem::take(&mut name)).or_default().push(std::mem::take(&mut places));
        } else {
            places.extend(place(line));
        }
    }
    Some(structs)
}

/// Reads the place after a member: `/*   126: 2  1 */`.
fn place(line: &str) -> Option<Place> {
    let (_, comment) = line.rsplit_once("/*")?;
    let comment = comment.strip_suffix("*/")?;
    if let Some((byte, rest)) = comment.split_once(':') {
        let mut numbers = rest.split_whitespace();
        let (bit, size) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
        return Some((byte.trim().parse().ok()?, Some(bit), size));
    }
    let mut numbers = comment.split_whitespace();
    let (byte, size) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    numbers.next().is_none().then_some((byte, None, size))
}

/// Returns the places of the members of a definition.
fn places(definition: &Definition) -> Vec<Place> {
    let place = |layout: MemberLayout| {
        let bit = layout.bit_offset - layout.byte_offset * 8;
        let bit = (layout.bitfield_size > 0).then_some(bit);
        (layout.byte_offset, bit, layout.size.unwrap_or(0))
    };
    definition.lines.iter().filter_map(|line| line.layout.map(place)).collect()
}

#[test]
fn members_are_where_pahole_places_them() {
    for path in kernels() {
        let Some(structs) = by_pahole(&path) else { return };
        let bytes = fs::read(&path).unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let (mut compared, mut bitfields) = (0, 0);
        for ty in btf.own_types_of([Kind::Struct].into_iter().collect()) {
            let name = ty.name().unwrap().to_string();
            let Some(theirs) = structs.get(&name).filter(|_| !name.is_empty()) else { continue };
            let ours = places(&Definition::of(ty));
            let path = path.display();
            assert!(theirs.contains(&ours), "{path}: {name}\n{ours:?}\n{theirs:?}");
            compared += 1;
            bitfields += ours.iter().filter(|(_, bit, _)| bit.is_some()).count();
        }
        println!("{}: {compared} structs, {bitfields} bitfields", path.display());
        assert!(compared > 1000 && bitfields > 100);
    }
}

/// Declares the structs of a kernel once more, under another name, as `Definition` defines them, and asserts
/// the sizes and offsets of the BTF. `declared` is what bpftool declares; `misplaced` names the structs to
/// leave out. Returns the number of structs.
fn declare_again(
    btf: &Btf<'_>,
    declared: &str,
    misplaced: &BTreeSet<String>,
    c: &mut String,
) -> usize {
    let mut names = BTreeMap::new();
    for ty in btf.own_types_of(KindSet::TYPE_NAMES) {
        *names.entry(ty.name().unwrap().to_string()).or_insert(0) += 1;
    }
    let is_ambiguous =
        |word: &str| !word.is_empty() && names.get(word).is_some_and(|count| *count > 1);
    let bodies = bodies(declared);
    let mut count = 0;
    for ty in btf.own_types_of([Kind::Struct].into_iter().collect()) {
        let name = ty.name().unwrap().to_string();
        let Some(body) = bodies.get(name.as_str()) else { continue };
        if is_ambiguous(&name) || misplaced.contains(&name) {
            continue;
        }
        // `Definition` has neither padding nor attributes.
        if body.contains("__attribute__") || body.lines().any(is_padding) {
            continue;
        }
        let definition = Definition::of(ty);
        let text = text(&definition, count);
        let mut words = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        // The compiler has a `va_list` of its own.
        if text.contains('…') || words.any(|word| is_ambiguous(word) || word == "va_list") {
            continue;
        }
        writeln!(c, "struct again_{count} {{\n{text}}};").unwrap();
        assert_size(c, count, definition.size.unwrap());
        for (path, layout) in definition.lines.iter().filter_map(with_offset) {
            let path = path.replace("[]", "[0]");
            let offset = layout.byte_offset;
            writeln!(
                c,
                "_Static_assert(__builtin_offsetof(struct again_{count}, {path}) == {offset}, \"{name}\");"
            )
            .unwrap();
        }
        count += 1;
    }
    count
}

/// Asserts the layout of the structs as bpftool declares them.
fn layouts(btf: &Btf<'_>, declared: &str) -> String {
    let mut c = String::new();
    let bodies = bodies(declared);
    for ty in btf.own_types_of([Kind::Struct].into_iter().collect()) {
        let (name, size) = (ty.name().unwrap().to_string(), ty.size().unwrap());
        if !bodies.contains_key(name.as_str()) {
            continue;
        }
        writeln!(c, "_Static_assert(sizeof(struct {name}) == {size}, \"{name}\");").unwrap();
        let named =
            |member: &Member<'_>| member.bitfield_size() == 0 && !member.name().unwrap().is_empty();
        for member in ty.members().iter().filter(named) {
            let offset = format!("__builtin_offsetof(struct {name}, {})", member.name().unwrap());
            let byte = member.bit_offset() / 8;
            writeln!(c, "_Static_assert({offset} == {byte}, \"{name}\");").unwrap();
        }
    }
    c
}

/// Returns the names of the structs whose assertions failed.
fn failed(errors: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        line.contains("static assertion failed").then(|| line.rsplit(' ').next())?.map(String::from)
    };
    errors.lines().filter_map(name).collect()
}

fn assert_size(c: &mut String, number: usize, size: u32) {
    writeln!(c, "_Static_assert(sizeof(struct again_{number}) == {size}, \"size\");").unwrap();
}

/// Returns the path and the layout of a member whose offset C can ask for.
fn with_offset(line: &DefinitionLine) -> Option<(&str, MemberLayout)> {
    let is_reachable =
        !line.name.is_empty() && !line.name.contains("->") && !line.name.contains("()");
    line.layout
        .filter(|layout| is_reachable && layout.bitfield_size == 0)
        .map(|at| (&*line.name, at))
}

/// Returns the lines of a definition, with other names for its enumerators.
fn text(definition: &Definition, number: usize) -> String {
    let line = |line: &DefinitionLine| match line.text.contains(" = ") {
        true => format!("again_{number}_{}\n", line.text),
        false => format!("{}\n", line.text),
    };
    definition.lines.iter().map(line).collect()
}

/// Returns the definition of each struct in C, by name.
fn bodies(c: &str) -> BTreeMap<&str, &str> {
    let starts = c.match_indices("\nstruct ").filter_map(|(at, _)| {
        let rest = &c[at + 1..];
        let (head, _) = rest.split_once('\n')?;
        let name = head.strip_prefix("struct ")?.strip_suffix(" {")?;
        let end = rest.find("\n}").map(|end| rest[end..].find(';').map(|len| end + len))??;
        Some((name, &rest[..end]))
    });
    starts.collect()
}

/// Returns `true` for a bitfield without a name, which bpftool inserts as padding.
fn is_padding(line: &str) -> bool {
    let line = line.trim_start();
    ["char", "short", "int", "long"]
        .iter()
        .any(|ty| line.strip_prefix(ty).is_some_and(|rest| rest.starts_with(':')))
}

#[test]
fn definitions_compile_to_the_same_layout() {
    let folder = tempfile::tempdir().unwrap();
    // Every second one, the running kernel first: the compiler takes seconds for each.
    for path in kernels().into_iter().rev().step_by(2) {
        let mut bpftool = Command::new("bpftool");
        bpftool.args(["btf", "dump", "file"]).arg(&path).args(["format", "c"]);
        let Some(declared) = output(&mut bpftool) else { return };
        let mut c = String::from_utf8(declared.stdout).unwrap();
        let bytes = fs::read(&path).unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let file = folder.path().join("again.c");
        let target = if btf.byte_order() == ByteOrder::Little { "bpfel" } else { "bpfeb" };
        let compile = |c: &str| {
            fs::write(&file, c).unwrap();
            clang(&["-target", target, "-fsyntax-only", "-w", "-ferror-limit=0"], &file)
        };
        // A few declarations of bpftool have another layout than the BTF.
        let Some(result) = compile(&format!("{c}{}", layouts(&btf, &c))) else { return };
        let misplaced = failed(&String::from_utf8_lossy(&result.stderr));
        assert!(misplaced.len() < 200, "{misplaced:?}");
        let mut again = String::new();
        let count = declare_again(&btf, &c, &misplaced, &mut again);
        c.push_str(&again);
        let Some(result) = compile(&c) else { return };
        let errors = String::from_utf8_lossy(&result.stderr);
        assert!(result.status.success(), "{}: {errors}", path.display());
        println!(
            "{}: {count} structs, {} offsets",
            path.display(),
            again.matches("offsetof").count()
        );
        assert!(count > 1000);
    }
}

fn clang(arguments: &[&str], file: &Path) -> Option<Output> {
    for name in ["clang-19", "clang"] {
        match Command::new(name).args(arguments).arg(file).output() {
            Ok(output) => return Some(output),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => panic!("{name}: {error}"),
        }
    }
    skipped("clang is not installed");
    None
}
