//! The machine and the date of a run.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use serde::Serialize;

use crate::Result;

/// The machine and the date.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// The date in UTC.
    pub date: String,
    /// The processor.
    pub cpu: String,
    /// The number of hardware threads.
    pub threads: usize,
    /// The memory in GiB.
    pub memory_gib: u64,
    /// The running kernel.
    pub kernel: String,
    /// The compiler.
    pub rustc: String,
    /// The version of libbpf.
    pub libbpf: String,
    /// The version of aya-obj.
    pub aya_obj: String,
}

impl Machine {
    /// Inspects the system.
    ///
    /// # Errors
    /// A property cannot be determined.
    pub fn inspect() -> Result<Self> {
        let cpu = fs::read_to_string("/proc/cpuinfo")?;
        let memory = fs::read_to_string("/proc/meminfo")?;
        let kib: u64 = field(&memory, "MemTotal").trim_end_matches("kB").trim().parse()?;
        Ok(Self {
            date: output("date", &["-u", "+%F"])?,
            cpu: field(&cpu, "model name").to_owned(),
            threads: available_parallelism()?.get(),
            memory_gib: kib.div_ceil(1 << 20),
            kernel: output("uname", &["-sr"])?,
            rustc: output("rustc", &["--version"])?,
            libbpf: locked_version("libbpf-sys")?,
            aya_obj: locked_version("aya-obj")?,
        })
    }
}

/// Returns the first value of a name in lines of `name : value`; empty if there is none.
fn field<'a>(table: &'a str, name: &str) -> &'a str {
    let mut fields = table.lines().filter_map(|line| line.split_once(':'));
    let value = fields.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim());
    value.unwrap_or_default()
}

/// Returns the version of a dependency of this program.
fn locked_version(package: &str) -> Result<String> {
    let lock = include_str!("../../../Cargo.lock");
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    let version = lines.nth(1).and_then(|line| line.strip_prefix("version = \""));
    let version = version.and_then(|version| version.split(['"', '+']).next());
    Ok(version.ok_or_else(|| format!("Cargo.lock has no {package}"))?.to_owned())
}

/// Returns the output of a program.
fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
