//! The input that a fuzzer's bytes describe: types, code, relocations, options.

use arbitrary::{Arbitrary, Result, Unstructured};
use btf_types::{
    Btf, ByteOrder, StrOffset, TypeId,
    build::{self, Builder},
    ext::CoreReloc,
};
use core_reloc::{OnUnresolved, Options};

use super::types::{Edit, Ty, write};

/// The input of relocating.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) local: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) module: Option<Vec<u8>>,
    pub(super) code: Vec<u8>,
    /// Kinds and access strings may be invalid.
    pub(super) records: Vec<CoreReloc>,
    pub(super) options: Options,
}

/// The source of the types.
#[derive(Debug, Arbitrary)]
enum Source {
    /// The target is an edited copy of the local types.
    Evolved { types: Vec<Ty>, edits: Vec<Edit>, module: Vec<Ty> },
    /// The bytes of both BTFs.
    Raw { local: Vec<u8>, target: Vec<u8> },
}

#[derive(Debug, Arbitrary)]
struct Record {
    slot: u8,
    ty: u8,
    access: Vec<u8>,
    kind: u8,
}

impl Input {
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let mut from = Unstructured::new(bytes);
        let order = if from.arbitrary()? { ByteOrder::Big } else { ByteOrder::Little };
        let records = Vec::<Record>::arbitrary(&mut from)?;
        let code = Vec::<[u8; 8]>::arbitrary(&mut from)?.concat();
        let options = options(from.arbitrary()?);
        let (local, target, module, records) = match Source::arbitrary_take_rest(from)? {
            Source::Raw { local, target } => {
                // The access strings are strings of the BTF.
                let offset = |record: &Record| record.access.first().copied().unwrap_or(0).into();
                let records = records.iter().map(|record| record.at(StrOffset(offset(record))));
                (local, target, None, records.collect())
            }
            Source::Evolved { types, edits, module } => {
                let built = evolve(types, edits, &module, &records, order);
                built.map_err(|_| arbitrary::Error::IncorrectFormat)?
            }
        };
        Ok(Self { local, target, module, code, records, options })
    }
}

type Built = (Vec<u8>, Vec<u8>, Option<Vec<u8>>, Vec<CoreReloc>);

/// Writes the local types with the access strings, the edited types, and those of a module.
fn evolve(
    mut types: Vec<Ty>,
    edits: Vec<Edit>,
    module: &[Ty],
    records: &[Record],
    order: ByteOrder,
) -> build::Result<Built> {
    let mut builder = Builder::new(order);
    let records: Vec<_> =
        records.iter().map(|record| record.at(builder.string(record.access_string()))).collect();
    let local = write(&types, builder)?;
    edits.into_iter().for_each(|edit| edit.apply(&mut types));
    let target = write(&types, Builder::new(order))?;
    let base = Btf::parse(&target)?;
    let module = if module.is_empty() { None } else { Some(write(module, Builder::split(&base))?) };
    drop(base);
    Ok((local, target, module, records))
}

fn options(bits: u8) -> Options {
    let unresolved = [OnUnresolved::Poison, OnUnresolved::Error, OnUnresolved::Keep];
    Options::default().unresolved(unresolved[usize::from(bits >> 1) % 3]).narrow(bits & 1 == 0)
}

impl Record {
    /// Returns the record, with its access string at an offset.
    fn at(&self, access_str_off: StrOffset) -> CoreReloc {
        CoreReloc {
            // Most offsets are multiples of 8 and within the code.
            insn_off: if self.slot == u8::MAX { 4 } else { u32::from(self.slot % 32) * 8 },
            type_id: TypeId(self.ty.into()),
            access_str_off,
            kind: u32::from(self.kind % 14),
        }
    }

    /// Returns small numbers joined by colons; for some kinds, text that is not an access string.
    fn access_string(&self) -> Vec<u8> {
        if self.kind >= 250 {
            return self.access.iter().map(|byte| byte | 1).collect();
        }
        let numbers: Vec<String> = self.access.iter().map(|byte| (byte % 32).to_string()).collect();
        if numbers.is_empty() { b"0".to_vec() } else { numbers.join(":").into() }
    }
}
