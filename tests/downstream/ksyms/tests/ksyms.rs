use btf_types::{Btf, ByteOrder, IntEncoding, Kind, Linkage, TypeId, build::Builder};
use core_reloc::{Module, Target};
use ksyms::{Ksym, Resolved, resolve};
use object::{
    Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags, SymbolKind, SymbolScope,
    write::{Object, Symbol, SymbolSection},
};

/// The types of functions.
#[derive(Clone, Copy)]
enum Proto {
    /// `struct task_struct *(struct task_struct *)`
    TaskToTask,
    /// `struct task_struct *(int)`
    IntToTask,
    /// `void (struct task_struct *, int)`
    TaskAndIntToNothing,
}

struct Types {
    builder: Builder<'static>,
    int: TypeId,
    task: TypeId,
}

impl Types {
    /// Kernels define `struct task_struct` with other members than objects do.
    fn new(members: u32) -> Self {
        let mut builder = Builder::new(ByteOrder::Little);
        let int = builder.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let mut task = builder.structure("task_struct", 4 * members);
        for index in 0..members {
            task = task.member(format!("member{index}"), int, 32 * index);
        }
        let task = task.finish();
        Self { int, task: builder.ptr(task), builder }
    }

    fn func(&mut self, name: &str, proto: Proto, linkage: Linkage) -> TypeId {
        let (int, task) = (self.int, self.task);
        let proto = match proto {
            Proto::TaskToTask => self.builder.func_proto(task).param("p", task),
            Proto::IntToTask => self.builder.func_proto(task).param("pid", int),
            Proto::TaskAndIntToNothing => {
                self.builder.func_proto(TypeId::VOID).param("task", task).param("flags", int)
            }
        };
        let proto = proto.finish();
        self.builder.func(name, proto, linkage)
    }
}

/// An object that declares functions, `int` variables and untyped ones. Names that begin with `weak_` are
/// weak.
fn object(functions: &[(&str, Proto)], ints: &[&str], untyped: &[&str]) -> Vec<u8> {
    let mut types = Types::new(1);
    let mut declared = Vec::new();
    for (name, proto) in functions {
        declared.push(types.func(name, *proto, Linkage::Extern));
    }
    let int = types.builder.constant(types.int);
    declared.extend(ints.iter().map(|name| types.builder.var(name, int, Linkage::Extern)));
    let void = types.builder.constant(TypeId::VOID);
    declared.extend(untyped.iter().map(|name| types.builder.var(name, void, Linkage::Extern)));
    let mut section = types.builder.data_section(".ksyms", 0);
    for id in declared {
        section = section.variable(id, 0, 0);
    }
    section.finish();

    let mut object = Object::new(BinaryFormat::Elf, Architecture::Bpf, Endianness::Little);
    let btf = object.add_section(Vec::new(), b".BTF".to_vec(), SectionKind::Other);
    object.append_section_data(btf, &types.builder.finish().unwrap(), 4);
    for name in functions.iter().map(|(name, _)| name).chain(ints).chain(untyped) {
        object.add_symbol(Symbol {
            name: name.as_bytes().to_vec(),
            value: 0,
            size: 0,
            kind: SymbolKind::Unknown,
            scope: SymbolScope::Unknown,
            weak: name.starts_with("weak_"),
            section: SymbolSection::Undefined,
            flags: SymbolFlags::None,
        });
    }
    object.write().unwrap()
}

fn kernel() -> Vec<u8> {
    let mut types = Types::new(3);
    types.func("task_acquire", Proto::TaskToTask, Linkage::Static);
    types.func("task_from_pid", Proto::IntToTask, Linkage::Static);
    types.func("weak_changed", Proto::IntToTask, Linkage::Static);
    types.builder.var("jiffies_int", types.int, Linkage::Global);
    types.builder.var("current_task", types.task, Linkage::Global);
    types.builder.finish().unwrap()
}

fn one<'k>(object: &[u8], target: &Target<'k>) -> Ksym<'k> {
    let mut ksyms = resolve(object, target).unwrap();
    assert_eq!(ksyms.len(), 1);
    ksyms.remove(0)
}

#[test]
fn functions_and_variables_are_found_by_name_and_type() {
    let bytes = kernel();
    let btf = Btf::parse(&bytes).unwrap();
    let target = Target::new(&btf).indexed_for_queries();
    let functions = [("task_acquire", Proto::TaskToTask), ("task_from_pid", Proto::IntToTask)];
    let ksyms = resolve(&object(&functions, &["jiffies_int"], &["init_task"]), &target).unwrap();
    let kinds: Vec<_> = ksyms.iter().map(|ksym| (ksym.name.as_str(), ksym.kind)).collect();
    let (func, var) = (Kind::Func, Kind::Var);
    let expected =
        [("task_acquire", func), ("task_from_pid", func), ("jiffies_int", var), ("init_task", var)];
    assert_eq!(kinds, expected);
    assert!(ksyms.iter().all(Ksym::is_loadable));
    for (ksym, kind) in ksyms[..3].iter().zip([func, func, var]) {
        let Resolved::Found(found) = ksym.resolved else { panic!("{ksym:?}") };
        assert_eq!(found.ty, btf.find(&ksym.name, kind).unwrap());
        assert_eq!(found.module, None);
    }
    assert_eq!(ksyms[3].resolved, Resolved::Untyped);
}

#[test]
fn a_missing_function_must_be_weak() {
    let bytes = kernel();
    let btf = Btf::parse(&bytes).unwrap();
    let target = Target::new(&btf).indexed_for_queries();
    let strong = one(&object(&[("task_gone", Proto::TaskToTask)], &[], &[]), &target);
    let weak = one(&object(&[("weak_gone", Proto::TaskToTask)], &[], &[]), &target);
    assert_eq!((strong.resolved, weak.resolved), (Resolved::Missing, Resolved::Missing));
    assert_eq!((strong.is_loadable(), weak.is_loadable()), (false, true));
}

#[test]
fn a_prototype_must_fit() {
    let bytes = kernel();
    let btf = Btf::parse(&bytes).unwrap();
    let target = Target::new(&btf).indexed_for_queries();
    for proto in [Proto::IntToTask, Proto::TaskAndIntToNothing] {
        let ksym = one(&object(&[("task_acquire", proto)], &[], &[]), &target);
        assert!(matches!(ksym.resolved, Resolved::DoesNotFit(_)), "{ksym:?}");
        assert!(!ksym.is_loadable());
    }
    // The same as missing.
    let weak = one(&object(&[("weak_changed", Proto::TaskToTask)], &[], &[]), &target);
    assert!(matches!(weak.resolved, Resolved::DoesNotFit(_)) && weak.is_loadable(), "{weak:?}");
    // An int is no pointer.
    let variable = one(&object(&[], &["current_task"], &[]), &target);
    assert!(matches!(variable.resolved, Resolved::DoesNotFit(_)), "{variable:?}");
}

#[test]
fn flavors_declare_the_function_of_other_kernels() {
    let bytes = kernel();
    let btf = Btf::parse(&bytes).unwrap();
    let target = Target::new(&btf).indexed_for_queries();
    let declared =
        [("task_acquire___new", Proto::TaskToTask), ("task_acquire___old", Proto::IntToTask)];
    let ksyms = resolve(&object(&declared, &[], &[]), &target).unwrap();
    assert!(matches!(ksyms[0].resolved, Resolved::Found(_)), "{:?}", ksyms[0]);
    assert!(matches!(ksyms[1].resolved, Resolved::DoesNotFit(_)), "{:?}", ksyms[1]);
}

#[test]
fn modules_are_searched_after_the_kernel() {
    let bytes = kernel();
    let btf = Btf::parse(&bytes).unwrap();
    let mut split = Builder::split(&btf);
    let int = btf.find("int", Kind::Int).unwrap().id();
    let proto = split.func_proto(int).param("flags", int).finish();
    split.func("module_function", proto, Linkage::Static);
    let proto = split.func_proto(int).finish();
    split.func("task_acquire", proto, Linkage::Static);
    let split = split.finish().unwrap();
    let split = Btf::parse_split(&split, &btf).unwrap();
    let module = Module { name: "module", btf: &split };
    let target = Target::new(&btf).with_modules([module]).indexed_for_queries();

    let ksym = one(&object(&[("module_function", Proto::IntToTask)], &[], &[]), &target);
    // It returns an int.
    let Resolved::DoesNotFit(found) = ksym.resolved else { panic!("{ksym:?}") };
    // The loader passes a file descriptor of this module's BTF with the call.
    assert_eq!(found.module.map(|module| target.modules()[module as usize].name), Some("module"));
    let ksym = one(&object(&[("task_acquire", Proto::TaskToTask)], &[], &[]), &target);
    assert!(matches!(ksym.resolved, Resolved::Found(found) if found.module.is_none()), "{ksym:?}");
}

#[test]
fn the_running_kernel_has_its_functions() {
    let file = match core_reloc_sys::kernel_btf() {
        Ok(file) => file,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{error}");
            return println!("SKIPPED: {error}");
        }
    };
    let btf = file.parse().unwrap();
    let target = Target::new(&btf).indexed_for_queries();
    let functions = [
        ("schedule", Proto::TaskToTask), // void (void)
        ("weak_function_of_no_kernel", Proto::TaskToTask),
        ("get_task_cred", Proto::TaskToTask), // const struct cred *(struct task_struct *)
    ];
    let ksyms = resolve(&object(&functions, &[], &[]), &target).unwrap();
    assert!(matches!(ksyms[0].resolved, Resolved::DoesNotFit(_)), "{:?}", ksyms[0]);
    assert_eq!(ksyms[1].resolved, Resolved::Missing);
    // Only kinds are compared, as libbpf does: both are pointers to structs.
    assert!(matches!(ksyms[2].resolved, Resolved::Found(_)), "{:?}", ksyms[2]);
}
