//! Distilled bases: the split BTF of a module that was built out of tree, and how it gets its kernel's ids.
//!
//! Such a module has a second section, `.BTF.base`: the few types of the kernel that the module needs, by
//! name, kind and size. Its `.BTF` is split BTF on that. Before use, it is relocated onto the BTF of the
//! kernel that the module is loaded into: each distilled type stands for one type there.
//!
//! | distilled type | type of the kernel with this name |
//! | --- | --- |
//! | INT | INT of this size and encoding |
//! | FLOAT | FLOAT of this size |
//! | ENUM | ENUM or ENUM64 of this size |
//! | STRUCT, UNION | the same kind, of this size if a type of the module contains it, or if the kernel has several composites of this name; otherwise a FWD of this sort will do |
//! | FWD | FWD, STRUCT or UNION of this sort, the only composite of this name |
//!
//! The rules are those of libbpf's `btf__relocate`, except that libbpf does not look at kinds in three
//! places: it maps a STRUCT to a UNION or an ENUM of its name, maps a FWD to a STRUCT only if that has no
//! bitfields, and finds a contained STRUCT ambiguous if a FWD of its name follows.
//!
//! ```
//! use btf_types::{Btf, ByteOrder, Kind, build::Builder};
//!
//! // The distilled base has the size of `struct sock`, without its members.
//! let mut base = Builder::new(ByteOrder::Little);
//! let sock = base.structure("sock", 8).finish();
//! let base = base.finish()?;
//! let base = Btf::parse(&base)?;
//! let mut module = Builder::split(&base);
//! module.structure("vpn_sock", 8).member("sk", sock, 0).finish();
//! let module = module.finish()?;
//!
//! let mut kernel = Builder::new(ByteOrder::Little);
//! kernel.float("double", 8);
//! kernel.structure("sock", 8).finish();
//! let kernel = kernel.finish()?;
//! let kernel = Btf::parse(&kernel)?;
//!
//! let relocated = Btf::parse_split(&module, &base)?.relocate_onto(&kernel)?;
//! let relocated = Btf::parse_split(&relocated, &kernel)?;
//! let vpn_sock = relocated.find("vpn_sock", Kind::Struct).ok_or("no struct vpn_sock")?;
//! let sk = vpn_sock.members().get(0).ok_or("no member")?;
//! assert_eq!((vpn_sock.id().0, sk.type_id().0), (3, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod map;
mod rewrite;

pub use self::error::{Error, Result};

use alloc::vec::Vec;

use self::{map::Map, rewrite::rewrite};
use crate::Btf;

impl<'a> Btf<'a> {
    /// Relocates this split BTF from its distilled base onto another base, the BTF of a kernel. Returns the
    /// bytes of split BTF to be [parsed](Btf::parse_split) on that. The [module](crate::distilled) has the
    /// rules and an example.
    ///
    /// The header, the layout table and the own strings stay as they are. The byte orders may differ.
    /// Takes time linear in the size of both BTFs, up to the logarithm of the number of distilled types.
    ///
    /// # Errors
    /// [`Error::Missing`] or [`Error::Ambiguous`] for the first distilled type that does not stand for
    /// exactly one type of the kernel; [`Error::NotDistilled`] if the base is not distilled; others if the
    /// split BTF is malformed.
    pub fn relocate_onto(&'a self, kernel: &Btf<'_>) -> Result<Vec<u8>> {
        let distilled = self.base().ok_or(Error::NoBase)?;
        rewrite(self, &Map::new(self, distilled, kernel)?)
    }
}
