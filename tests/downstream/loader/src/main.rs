//! `loader LOCAL TARGET`: a loader with its own instructions and relocations. The local types, which it was
//! compiled with, and the kernel's types are in files.

use std::error::Error;

use btf_types::{Btf, Kind};
use core_reloc::{
    AccessPath, Code, RelocKind, Relocation, Relocator, Status, Target, generate::field_relocation,
};

/// An instruction before it is encoded in eight bytes.
struct Insn {
    code: u8,
    registers: u8,
    offset: i16,
    immediate: i32,
}

impl Insn {
    fn to_bytes(&self) -> [u8; 8] {
        let mut bytes = [self.code, self.registers, 0, 0, 0, 0, 0, 0];
        bytes[2..4].copy_from_slice(&self.offset.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.immediate.to_le_bytes());
        bytes
    }
}

/// The relocations: the index of the instruction, the access string and the kind.
const RECORDS: [(u32, &str, RelocKind); 3] = [
    (0, "0:1", RelocKind::FieldByteOffset),
    (1, "0:4:1:2", RelocKind::FieldByteOffset),
    (2, "0:3", RelocKind::FieldByteSize),
];

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [local, target] = &paths[..] else { return Err("usage: loader LOCAL TARGET".into()) };
    let (local, target) = (std::fs::read(local)?, std::fs::read(target)?);
    let (local, kernel) = (Btf::parse(&local)?, Btf::parse(&target)?);
    let job = local.find("job", Kind::Struct).ok_or("there is no struct job")?.id();

    let program = [
        // r0 = *(u32 *)(r1 + offset of job.uid)
        Insn { code: 0x61, registers: 0x10, offset: 4, immediate: 0 },
        // r2 = *(u16 *)(r1 + offset of job.queue.slots[2])
        Insn { code: 0x69, registers: 0x12, offset: 40, immediate: 0 },
        // r3 = size of job.comm
        Insn { code: 0xb7, registers: 0x03, offset: 0, immediate: 16 },
        // r4 = *(u64 *)(r1 + offset of job.flags), relocated by name
        Insn { code: 0x79, registers: 0x14, offset: 8, immediate: 0 },
        // exit
        Insn { code: 0x95, registers: 0, offset: 0, immediate: 0 },
    ];
    let mut code: Vec<u8> = program.iter().flat_map(Insn::to_bytes).collect();
    let mut relocations = Vec::new();
    for (insn, access, kind) in RECORDS {
        relocations.push(Relocation::new(insn * 8, job, access.parse::<AccessPath>()?, kind));
    }
    let flags = field_relocation(&local, 3 * 8, "job", "flags", RelocKind::FieldByteOffset)?;
    relocations.push(flags);

    let target = Target::new(&kernel);
    for applied in Relocator::new(&local, &target).relocate_all(&mut code, &relocations) {
        assert_eq!(applied?.patched.status, Status::Relocated);
    }
    for offset in (0..).step_by(8) {
        let Some(insn) = Code::at(&code, offset) else { break };
        println!("{insn}");
    }
    Ok(())
}
