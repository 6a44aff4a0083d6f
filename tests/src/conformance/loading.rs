//! Minimized BTF is accepted wherever the whole is: by libbpf, and by the running kernel (BPF_BTF_LOAD),
//! which verifies more.

use super::target::{Kernel, flattened, for_libbpf, is_foreign};
use crate::judge::{kernel, libbpf};

/// The readers that accept the BTF of a kernel and of its modules.
#[derive(Debug, Clone)]
pub struct Readers {
    /// Of the main BTF, then of each module.
    parts: Vec<Part>,
}

/// The readers that accept one BTF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    libbpf: bool,
    kernel: bool,
}

impl Readers {
    /// Finds out which readers accept a kernel. BPF_BTF_LOAD takes no base and no foreign byte order:
    /// modules are loaded flattened onto their base, and the running kernel accepts nothing foreign.
    pub fn of(kernel: &Kernel) -> Self {
        let main = libbpf::Btf::new(&for_libbpf(&kernel.main));
        let mut parts = vec![Part { libbpf: main.is_ok(), kernel: loads(&kernel.main) }];
        for (_, module) in &kernel.modules {
            let split = main.as_ref().ok().map(|main| libbpf::Btf::new_split(module, main));
            let libbpf = split.is_some_and(|split| split.is_ok());
            let whole = flattened(&kernel.main, module);
            parts.push(Part { libbpf, kernel: whole.is_some_and(|whole| loads(&whole)) });
        }
        Self { parts }
    }

    /// Returns the number of BTFs that the running kernel loads.
    pub fn loaded(&self) -> usize {
        self.parts.iter().filter(|part| part.kernel).count()
    }

    /// Returns the BTFs that a reader accepts of this kernel, but not of its minimized BTF, and the
    /// reader's reason. A module without types is not loaded: nothing needs it.
    pub fn lost(&self, minimized: &Kernel) -> Vec<String> {
        let mut lost = Vec::new();
        let main = libbpf::Btf::new(&for_libbpf(&minimized.main));
        let names = std::iter::once(minimized.name.as_str());
        let names = names.chain(minimized.modules.iter().map(|(name, _)| name.as_str()));
        let modules = minimized.modules.iter().map(|(_, bytes)| Some(bytes));
        for ((part, name), module) in
            self.parts.iter().zip(names).zip(std::iter::once(None).chain(modules))
        {
            if part.libbpf {
                let read = match (module, &main) {
                    (None, main) => main.as_ref().map(drop).map_err(ToString::to_string),
                    (Some(module), Ok(main)) => libbpf::Btf::new_split(module, main)
                        .map(drop)
                        .map_err(|error| error.to_string()),
                    // Said of the main BTF.
                    (Some(_), Err(_)) => Ok(()),
                };
                lost.extend(read.err().map(|why| format!("{name}, minimized: {why}")));
            }
            if part.kernel {
                let bytes = match module {
                    None => Some(minimized.main.clone()),
                    Some(module) => flattened(&minimized.main, module),
                };
                let loaded = kernel::Btf::load(&bytes.unwrap_or_default());
                lost.extend(loaded.err().map(|why| format!("{name}, minimized: {why}")));
            }
        }
        lost
    }
}

/// Returns `true` if the running kernel loads BTF.
fn loads(bytes: &[u8]) -> bool {
    !is_foreign(bytes) && kernel::Btf::load(bytes).is_ok()
}
