//! A made-up kernel with the proportions of a real one, the same on every machine.

use btf_types::build::Builder;
use btf_types::{ByteOrder, IntEncoding, Linkage, TypeId};

use crate::Result;

/// Returns BTF with a number of types.
///
/// # Errors
/// BTF cannot have that many types.
pub fn kernel(types: usize) -> Result<Vec<u8>> {
    let mut kernel = Kernel::new();
    while kernel.sizes.len() <= types {
        kernel.add();
    }
    Ok(kernel.types.finish()?)
}

/// The words that names consist of.
const WORDS: [&str; 16] = [
    "task", "sched", "page", "inode", "file", "sock", "skb", "timer", "irq", "bus", "device",
    "queue", "lock", "node", "cache", "ops",
];

struct Kernel {
    types: Builder<'static>,
    /// The sizes of all types, by id; `None` for types without a size.
    sizes: Vec<Option<u32>>,
    /// All prototypes.
    prototypes: Vec<TypeId>,
    random: u64,
}

impl Kernel {
    fn new() -> Self {
        let types = Builder::new(ByteOrder::Little);
        let mut kernel = Self { types, sizes: vec![None], prototypes: Vec::new(), random: 1 };
        for (name, size, encoding) in [
            ("char", 1, IntEncoding::SIGNED),
            ("unsigned short", 2, 0),
            ("int", 4, IntEncoding::SIGNED),
            ("unsigned int", 4, 0),
            ("long unsigned int", 8, 0),
        ] {
            let bits = u8::try_from(8 * size).expect("no integer is that large");
            kernel.types.int(name, size, IntEncoding::new(bits, encoding));
            kernel.sizes.push(Some(size));
        }
        let void = kernel.types.ptr(TypeId::VOID);
        kernel.sizes.push(Some(8));
        kernel.prototypes.push(kernel.types.func_proto(void).finish());
        kernel.sizes.push(None);
        kernel
    }

    /// Adds a type. The proportions of kinds are those of Linux 7.2.
    fn add(&mut self) {
        let size = match self.below(100) {
            0..45 => self.function(),
            45..58 => self.prototype(),
            58..74 => self.pointer(),
            74..86 => self.structure(),
            86..90 => self.enumeration(),
            90..94 => self.typedef(),
            94..97 => self.array(),
            _ => self.constant(),
        };
        self.sizes.push(size);
    }

    fn function(&mut self) -> Option<u32> {
        let number = self.below(self.prototypes.len());
        let prototype = self.prototypes[number];
        self.types.func(self.name("fn"), prototype, Linkage::Static);
        None
    }

    fn prototype(&mut self) -> Option<u32> {
        let (result, _) = self.sized();
        let parameters: Vec<TypeId> = (0..self.below(5)).map(|_| self.sized().0).collect();
        let mut prototype = self.types.func_proto(result);
        for parameter in parameters {
            prototype = prototype.param("", parameter);
        }
        self.prototypes.push(prototype.finish());
        None
    }

    fn pointer(&mut self) -> Option<u32> {
        let to = self.sized().0;
        self.types.ptr(to);
        Some(8)
    }

    fn structure(&mut self) -> Option<u32> {
        let members: Vec<_> = (0..4 + self.below(20)).map(|_| self.sized()).collect();
        let aligned: Vec<(TypeId, u32)> = members
            .iter()
            .scan(0_u32, |end, (ty, size)| {
                let offset = end.next_multiple_of(size.next_power_of_two().clamp(1, 8));
                *end = offset + size;
                Some((*ty, offset))
            })
            .collect();
        let size = aligned.last().zip(members.last()).map_or(0, |(at, last)| at.1 + last.1);
        let size = size.next_multiple_of(8);
        let mut structure = self.types.structure(self.name("struct"), size);
        for (number, (ty, offset)) in aligned.into_iter().enumerate() {
            let name = format!("{}_{number}", WORDS[number % WORDS.len()]);
            structure = structure.member(name, ty, 8 * offset);
        }
        structure.finish();
        Some(size)
    }

    fn enumeration(&mut self) -> Option<u32> {
        let name = self.name("enum");
        let values = i32::try_from(2 + self.below(8)).expect("they are few");
        let mut enumeration = self.types.enumeration(&name, 4);
        for value in 0..values {
            enumeration = enumeration.enumerator(format!("{name}_{value}"), value);
        }
        enumeration.finish();
        Some(4)
    }

    fn typedef(&mut self) -> Option<u32> {
        let (of, size) = self.sized();
        self.types.typedef(self.name("t"), of);
        Some(size)
    }

    fn array(&mut self) -> Option<u32> {
        let (element, size) = self.sized();
        let len = u32::try_from(1 + self.below(8)).expect("they are few");
        self.types.array(element, TypeId(4), len);
        Some(size * len)
    }

    fn constant(&mut self) -> Option<u32> {
        let (of, size) = self.sized();
        self.types.constant(of);
        Some(size)
    }

    /// Returns an earlier type with a size that is small enough for a member.
    fn sized(&mut self) -> (TypeId, u32) {
        loop {
            let id = self.below(self.sizes.len());
            if let Some(size) = self.sizes[id].filter(|size| *size <= 512) {
                return (TypeId(u32::try_from(id).expect("ids are 32 bits long")), size);
            }
        }
    }

    /// Returns a unique name.
    fn name(&self, kind: &str) -> String {
        let number = self.sizes.len();
        let words = [number % WORDS.len(), number / 7 % WORDS.len()].map(|word| WORDS[word]);
        format!("{}_{}_{kind}_{number}", words[0], words[1])
    }

    /// Returns a pseudo-random number below a limit (xorshift).
    fn below(&mut self, limit: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        // The upper bits are more random; a `usize` may have 32 bits.
        (self.random >> 32) as usize % limit
    }
}

#[cfg(test)]
mod tests {
    use btf_types::Btf;

    use super::*;

    #[test]
    fn made_up_kernels_are_valid_and_reproducible() {
        let bytes = kernel(2_000).unwrap();
        assert_eq!(bytes, kernel(2_000).unwrap());
        let btf = Btf::parse(&bytes).unwrap();
        assert_eq!(btf.len(), 2_000);
        btf.validate().unwrap();
    }
}
