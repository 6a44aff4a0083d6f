//! Stores of a few kernels that are described in C.

use btf_from_c::{btf, split_btf};
use btf_store::{Build, Error, Info, Kernel, Selection, Store, WriteError, Writer};
use btf_types::{Btf, ByteOrder, DeclTarget, IntEncoding, Kind, Linkage, TypeId, build::Builder};

use crate::generated::{Given, add, assert_same, extract};

const TASK: &str = "
    typedef int pid_t;
    typedef struct { long counter; } atomic_t;
    enum state { IDLE, BUSY = 7 };
    enum { FLAG_A = 1, FLAG_B = 2 };
    struct mm { int users; };
    struct file { struct mm *mm; };
    struct task { pid_t pid; struct mm *mm; atomic_t count; unsigned int first : 3; enum state state; };
    union value { char byte; long word; };
    int wake(struct task *task, int how);
    int counter SEC(\".data\");
";

/// Returns four kernels. Only the third has another `struct task`, and the fourth another `struct mm`.
pub(crate) fn kernels() -> Vec<Given> {
    let texts = [
        TASK.to_owned(),
        format!("{TASK} struct more {{ int x; }};"),
        TASK.replace("pid_t pid;", "pid_t pid; int cpu;"),
        TASK.replace("int users;", "long users;"),
    ];
    let kernel = |text: &String| {
        let main = btf(ByteOrder::Little, text);
        let module = "struct mm { char own; }; struct dev { struct task *owner; struct mm mm; };";
        let module = split_btf(&Btf::parse(&main).unwrap(), module);
        Given { main, modules: vec![module] }
    };
    texts.iter().map(kernel).collect()
}

/// Returns the store of some kernels, in place and packed.
pub(crate) fn stores(kernels: &[Given]) -> [Vec<u8>; 2] {
    let mut writer = Writer::new();
    for (number, given) in kernels.iter().enumerate() {
        add(&mut writer, &format!("6.{number}"), given);
    }
    [writer.finish().unwrap(), writer.finish_packed().unwrap()]
}

#[test]
fn kernels_and_modules_come_back() {
    let given = kernels();
    for bytes in stores(&given) {
        let store = Store::open(&bytes).unwrap();
        for (kernel, given) in store.kernels().zip(&given) {
            let kernel = kernel.unwrap();
            assert_same(given, &extract(&kernel));
            let names: Vec<_> = kernel.modules().unwrap().iter().map(|one| one.name()).collect();
            assert_eq!(names, ["a"]);
        }
        assert_eq!(store.find("6.2").unwrap().count(), 1);
        assert_eq!(store.find("6").unwrap().count(), 0);
        assert_eq!(store.find("7").unwrap().count(), 0);
    }
}

/// The second kernel has one more definition than the first, and the third and fourth another version of one.
#[test]
fn each_definition_is_there_once() {
    let given = kernels();
    let count = |kernels: &[Given]| {
        let [bytes, _] = stores(kernels);
        Store::open(&bytes).unwrap().definition_count()
    };
    let first = count(&given[..1]);
    assert_eq!(count(&[given[0].clone(), given[0].clone()]), first);
    assert_eq!(count(&given[..2]), first + 1);
    assert_eq!(count(&given[..3]), first + 2);
    assert_eq!(count(&given), first + 3);
}

#[test]
fn kernels_that_do_not_differ_for_an_object_are_one_group() {
    let given = kernels();
    for bytes in stores(&given) {
        let store = Store::open(&bytes).unwrap();
        let groups = |selection: Selection| {
            let groups = store.groups(&selection).unwrap();
            groups.iter().map(|group| group.kernels().to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(groups(Selection::new().types(["task___old"])), [vec![0, 1, 3], vec![2]]);
        assert_eq!(groups(Selection::new().types(["mm"])), [vec![0, 1, 2], vec![3]]);
        assert_eq!(groups(Selection::new().types(["file", "union"])), [vec![0, 1, 2, 3]]);
        assert_eq!(groups(Selection::new().types(["more"])), [vec![0, 2, 3], vec![1]]);
        // Prototypes are followed to their parameters, and these are pointers.
        assert_eq!(groups(Selection::new().functions(["wake"])), [vec![0, 1, 2, 3]]);
        let all = Selection::new().functions(["wake"]).reach(btf_store::Reach::All);
        assert_eq!(groups(all), [vec![0, 1], vec![2], vec![3]]);
        assert_eq!(groups(Selection::new()), [vec![0, 1, 2, 3]]);
    }
}

#[test]
fn what_is_selected_is_there_and_nothing_behind_pointers() {
    let [bytes, _] = stores(&kernels());
    let store = Store::open(&bytes).unwrap();
    let kernel = store.kernel(0).unwrap();
    let bytes = kernel.extract_selected(&Selection::new().types(["task"])).unwrap().into_bytes();
    let btf = Btf::parse(&bytes).unwrap();
    assert_eq!(btf.find("task", Kind::Struct).unwrap().members().len(), 5);
    let mm = btf.find("mm", Kind::Struct).unwrap();
    assert_eq!((mm.members().len(), mm.size().unwrap()), (0, 0));
    assert!(btf.find("file", Kind::Struct).is_none());
    assert!(btf.find("wake", Kind::Func).is_none());
    assert_eq!(btf.find("state", Kind::Enum).unwrap().enumerators().len(), 2);
}

/// Returns what is there of `struct file`, `struct mm` behind a pointer in it, and `struct task`: the numbers of their
/// members.
fn members(kernel: &Kernel<'_>, selection: &Selection) -> [Option<usize>; 3] {
    let bytes = kernel.extract_selected(selection).unwrap().into_bytes();
    let btf = Btf::parse(&bytes).unwrap();
    btf.validate().unwrap();
    ["file", "mm", "task"].map(|name| Some(btf.find(name, Kind::Struct)?.members().len()))
}

#[test]
fn names_alone_and_what_is_behind_one_pointer_can_be_selected() {
    let given = kernels();
    let [bytes, _] = stores(&given);
    let store = Store::open(&bytes).unwrap();
    let [first, last] = [0, 3].map(|number| store.kernel(number).unwrap());
    let new = Selection::new;
    for (selection, expected) in [
        (new().types(["file"]), [Some(1), Some(0), None]),
        (new().types_with_pointees(["file"]), [Some(1), Some(1), None]),
        (new().names(["file"]), [Some(0), None, None]),
        (new().names(["file"]).types(["file"]), [Some(1), Some(0), None]),
        (new().types(["file"]).types_with_pointees(["file"]), [Some(1), Some(1), None]),
        (new().functions(["wake"]), [None, None, Some(0)]),
    ] {
        assert_eq!(members(&first, &selection), expected, "{selection:?}");
    }
    // The kernels differ in `struct mm`.
    for (selection, count) in [
        (new().types(["file"]), 1),
        (new().types_with_pointees(["file"]), 2),
        (new().names(["mm", "more"]), 2),
    ] {
        assert_eq!(store.groups(&selection).unwrap().len(), count, "{selection:?}");
    }
    assert_eq!(members(&last, &new().names(["more", "file___new"])), [None; 3]);
}

#[test]
fn the_names_of_all_types_are_listed() {
    let [bytes, _] = stores(&kernels());
    let store = Store::open(&bytes).unwrap();
    let mut names = Vec::new();
    let visit = |kind: Kind, name: &[u8]| {
        names.push(format!("{kind} {}", String::from_utf8_lossy(name)));
    };
    store.type_names(visit).unwrap();
    for name in ["STRUCT task", "TYPEDEF atomic_t", "ENUM state", "UNION value", "STRUCT dev"] {
        assert_eq!(names.iter().filter(|found| *found == name).count(), 1, "{name}: {names:?}");
    }
    assert!(!names.iter().any(|name| name.ends_with(" wake")));
}

/// A tag shows that there are such: of all that have it, one is extracted.
#[test]
fn one_declaration_with_a_tag_can_be_selected() {
    let kernel = |tagged: &[&str]| {
        let mut btf = Builder::new(ByteOrder::Little);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let prototype = btf.func_proto(int).finish();
        for name in ["first", "second", "third"] {
            let function = btf.func(name, prototype, Linkage::Static);
            if tagged.contains(&name) {
                btf.decl_tag("kfunc", function, DeclTarget::Declaration);
            }
        }
        Given { main: btf.finish().unwrap(), modules: Vec::new() }
    };
    let given = [&["second", "third"][..], &["third"], &[]].map(kernel);
    let [bytes, _] = stores(&given);
    let store = Store::open(&bytes).unwrap();
    let functions = |number, selection: &Selection| {
        let kernel = store.kernel(number).unwrap();
        let bytes = kernel.extract_selected(selection).unwrap().into_bytes();
        let btf = Btf::parse(&bytes).unwrap();
        let tags = btf.types().filter(|ty| ty.kind() == Kind::DeclTag).count();
        let functions = btf.types().filter(|ty| ty.kind() == Kind::Func);
        (functions.map(|ty| ty.name().unwrap().to_string()).collect::<Vec<_>>(), tags)
    };
    let selection = Selection::new().functions(["first"]).tags(["kfunc", "none"]);
    let all: Vec<_> = (0..3).map(|number| functions(number, &selection)).collect();
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(all[0], (names(&["first", "second"]), 1));
    assert_eq!(all[1], (names(&["first", "third"]), 1));
    assert_eq!(all[2], (names(&["first"]), 0));
    assert_eq!(store.groups(&selection).unwrap().len(), 3);
}

#[test]
fn what_is_known_about_kernels_is_kept() {
    let main = btf(ByteOrder::Big, "int x;");
    let main = Btf::parse(&main).unwrap();
    let info = Info {
        release: "6.1.0-50-s390x",
        version: "#1 SMP Debian 6.1.170-1",
        architecture: "s390x",
        distribution: "debian/12",
        origin: "b.btf",
    };
    let mut writer = Writer::new();
    writer.add(info, &main, &[]).unwrap();
    // The same kernel from elsewhere.
    writer.add(Info { origin: "a.btf", ..info }, &main, &[]).unwrap();
    writer.add(Info { architecture: "other", ..info }, &main, &[]).unwrap();
    let bytes = writer.finish().unwrap();
    let store = Store::open(&bytes).unwrap();
    let kernels: Vec<_> = store.find(info.release).unwrap().map(Result::unwrap).collect();
    let infos: Vec<_> = kernels.iter().map(|kernel| kernel.info()).collect();
    assert_eq!(infos, [Info { architecture: "other", ..info }, Info { origin: "a.btf", ..info }]);
    assert!(kernels.iter().all(|kernel| kernel.byte_order() == ByteOrder::Big));

    let other = btf(ByteOrder::Big, "long x;");
    let conflict = writer.add(info, &Btf::parse(&other).unwrap(), &[]);
    assert_eq!(conflict, Err(WriteError::Conflict { release: info.release.into() }));
    assert!(writer.finish().unwrap() == bytes);
}

/// Distributions build one release several times, and for several architectures.
#[test]
fn the_running_kernel_is_found() {
    let mut writer = Writer::new();
    let mut add = |release, version, architecture, size| {
        let mut builder = Builder::new(ByteOrder::Little);
        builder.int("int", size, IntEncoding::new(0, IntEncoding::SIGNED));
        let bytes = builder.finish().unwrap();
        let info = Info { release, version, architecture, ..Info::default() };
        writer.add(info, &Btf::parse(&bytes).unwrap(), &[]).unwrap();
    };
    add("5.15.0-25-generic", "#25-Ubuntu SMP 1", "amd64", 1);
    add("5.15.0-25-generic", "#25-Ubuntu SMP 2", "amd64", 2);
    add("5.15.0-25-generic", "#25-Ubuntu SMP 1", "arm64", 4);
    add("6.1.0-50-amd64", "", "x86_64", 8);
    add("6.1.0-57-amd64", "", "", 1);
    add("6.1.0-57-amd64", "#1 SMP", "amd64", 2);
    let bytes = writer.finish_packed().unwrap();
    let store = Store::open(&bytes).unwrap();
    let size = |release, version, machine| {
        let kernel = store.find_build(&Build { release, version, machine }).unwrap()?;
        let bytes = kernel.extract().unwrap().into_bytes();
        Some(Btf::parse(&bytes).unwrap().find("int", Kind::Int).unwrap().size().unwrap())
    };
    assert_eq!(size("5.15.0-25-generic", "#25-Ubuntu SMP 1", "x86_64"), Some(1));
    assert_eq!(size("5.15.0-25-generic", "#25-Ubuntu SMP 2", "x86_64"), Some(2));
    assert_eq!(size("5.15.0-25-generic", "#25-Ubuntu SMP 1", "aarch64"), Some(4));
    assert_eq!(size("5.15.0-25-generic", "#25-Ubuntu SMP 3", "x86_64"), None);
    assert_eq!(size("5.15.0-25-generic", "#25-Ubuntu SMP 2", "aarch64"), None);
    // The only one there is, of a version that is not known.
    assert_eq!(size("6.1.0-50-amd64", "#1 SMP", "x86_64"), Some(8));
    assert_eq!(size("6.1.0-50-amd64", "#1 SMP", "s390x"), None);
    assert_eq!(size("6.1.0-57-amd64", "#1 SMP", "x86_64"), Some(2));
    assert_eq!(size("6.1.0-57-amd64", "#2 SMP", "x86_64"), None);
    assert_eq!(size("6.1.0-58-amd64", "", "x86_64"), None);
}

/// Types of one name stay several, and who refers to which of them is kept.
#[test]
fn several_types_of_one_name() {
    let mut builder = Builder::new(ByteOrder::Little);
    let int = builder.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    let mut structs = Vec::new();
    for name in ["x", "y", "x"] {
        structs.push(builder.structure("a", 4).member(name, int, 0).finish());
    }
    for (name, of) in ["first", "second", "third"].into_iter().zip(&structs) {
        let pointer = builder.ptr(*of);
        builder.structure(name, 8).member("a", pointer, 0).finish();
    }
    let main = builder.finish().unwrap();
    let given = Given { main, modules: Vec::new() };
    let [bytes, _] = stores(std::slice::from_ref(&given));
    let store = Store::open(&bytes).unwrap();
    let extracted = extract(&store.kernel(0).unwrap());
    assert_same(&given, &extracted);
    let btf = Btf::parse(&extracted.main).unwrap();
    let member = |name: &str| {
        let pointer = btf.find(name, Kind::Struct).unwrap().members().get(0).unwrap().ty().unwrap();
        let to = pointer.referenced().unwrap().unwrap();
        (to.id(), to.members().get(0).unwrap().name().unwrap().to_string())
    };
    let found = ["first", "second", "third"].map(member);
    assert_eq!(found.clone().map(|(_, name)| name), ["x", "y", "x"]);
    assert_ne!(found[0].0, found[2].0);
}

/// A pointer to itself is no C, but BTF can say so.
#[test]
fn types_without_names_that_contain_themselves() {
    let mut builder = Builder::new(ByteOrder::Little);
    let one = builder.ptr(TypeId(2));
    builder.ptr(one);
    let itself = builder.next_id();
    builder.constant(itself);
    let bytes = builder.finish().unwrap();
    let given = Given { main: bytes.clone(), modules: Vec::new() };
    let [store, _] = stores(std::slice::from_ref(&given));
    let store = Store::open(&store).unwrap();
    let extracted = extract(&store.kernel(0).unwrap());
    let kinds = |bytes: &[u8]| {
        let btf = Btf::parse(bytes).unwrap();
        let mut kinds: Vec<_> = btf.types().map(|ty| ty.kind().to_raw()).collect();
        kinds.sort_unstable();
        kinds
    };
    assert_eq!(kinds(&extracted.main), kinds(&bytes));
}

#[test]
fn what_cannot_be_kept_is_an_error() {
    let mut builder = Builder::new(ByteOrder::Little);
    builder.ptr(TypeId(7));
    let bytes = builder.finish().unwrap();
    let result = Writer::new().add(Info::default(), &Btf::parse(&bytes).unwrap(), &[]);
    let expected = WriteError::BadReference { id: TypeId(1), found: TypeId(7), last: TypeId(1) };
    assert_eq!(result, Err(expected));

    assert_eq!(
        Store::open(b"\x9f\xeb").unwrap_err(),
        Error::NotAStore { found: b"\x9f\xeb".to_vec() }
    );
}
