//! BTF and instructions written by hand, word by word, for the judges' own tests.

/// A byte order.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn word(self, word: u32) -> [u8; 4] {
        match self {
            Self::Little => word.to_le_bytes(),
            Self::Big => word.to_be_bytes(),
        }
    }

    /// Returns an instruction: opcode, destination and source register, offset, immediate.
    #[cfg(feature = "libbpf")]
    pub(super) fn insn(self, code: u8, dst: u8, src: u8, off: i16, imm: i32) -> [u8; 8] {
        crate::judge::insn(matches!(self, Self::Big), code, dst, src, off, imm)
    }
}

/// BTF that is built record by record, from words.
pub(super) struct Blob {
    words: Vec<u32>,
    strings: Vec<u8>,
    /// The length of the base's strings.
    strings_start: usize,
}

impl Blob {
    pub(super) fn new() -> Self {
        Self { words: Vec::new(), strings: vec![0], strings_start: 0 }
    }

    #[cfg(feature = "libbpf")]
    pub(super) fn split(base: &Self) -> Self {
        Self { words: Vec::new(), strings: Vec::new(), strings_start: base.strings.len() }
    }

    pub(super) fn string(&mut self, string: &str) -> u32 {
        let offset = self.strings_start + self.strings.len();
        self.strings.extend(string.bytes().chain([0]));
        offset as u32
    }

    pub(super) fn record(&mut self, name: &str, info: u32, size: u32, rest: &[u32]) {
        let name = if name.is_empty() { 0 } else { self.string(name) };
        self.words.extend([name, info, size]);
        self.words.extend(rest);
    }

    /// Adds a signed integer of 4 bytes.
    pub(super) fn int(&mut self) -> &mut Self {
        self.record("int", 1 << 24, 4, &[(1 << 24) | 32]);
        self
    }

    /// Adds a struct of `int`s, by names and byte offsets; `int` must be type 1.
    pub(super) fn ints(&mut self, name: &str, size: u32, members: &[(&str, u32)]) -> &mut Self {
        let members: Vec<u32> =
            members.iter().flat_map(|(name, offset)| [self.string(name), 1, offset * 8]).collect();
        self.record(name, (4 << 24) | (members.len() as u32 / 3), size, &members);
        self
    }

    /// Adds a signed enum of 4 bytes.
    #[cfg(feature = "libbpf")]
    pub(super) fn enumeration(&mut self, name: &str, enumerators: &[(&str, i32)]) -> &mut Self {
        let words: Vec<u32> = enumerators
            .iter()
            .flat_map(|(name, value)| [self.string(name), value.cast_unsigned()])
            .collect();
        self.record(name, (1 << 31) | (6 << 24) | enumerators.len() as u32, 4, &words);
        self
    }

    pub(super) fn bytes(&self, order: Order) -> Vec<u8> {
        let types = self.words.len() as u32 * 4;
        let magic = match order {
            Order::Little => 0xeb9f_u16.to_le_bytes(),
            Order::Big => 0xeb9f_u16.to_be_bytes(),
        };
        let mut bytes = vec![magic[0], magic[1], 1, 0];
        let header = [24, 0, types, types, self.strings.len() as u32];
        for word in header.iter().chain(&self.words) {
            bytes.extend(order.word(*word));
        }
        bytes.extend(&self.strings);
        bytes
    }
}
