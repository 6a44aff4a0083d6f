//! Compiles C for BPF.

use std::{
    env, fs,
    process::{self, Command},
    sync::atomic::{AtomicUsize, Ordering},
};

/// Compiles a program, without a warning. Returns `None` if there is no clang.
pub(crate) fn compile(source: &str) -> Option<Vec<u8>> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("core-reloc-clang-{}-{number}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let [c, object] = ["code.c", "code.o"].map(|name| folder.join(name));
    fs::write(&c, source).unwrap();
    let clangs = ["clang", "clang-19", "clang-18", "clang-14"];
    let output = clangs.iter().find_map(|clang| {
        let mut command = Command::new(clang);
        command.args(["-target", "bpf", "-O2", "-g", "-Wall", "-Werror"]);
        command.args(["-Wno-unused-local-typedef", "-c"]).arg(&c);
        command.arg("-o").arg(&object).output().ok()
    });
    let bytes = fs::read(&object);
    let _ = fs::remove_dir_all(&folder);
    let output = output?;
    assert!(output.status.success(), "{source}\n{}", String::from_utf8_lossy(&output.stderr));
    Some(bytes.unwrap())
}
