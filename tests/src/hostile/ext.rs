//! `.BTF.ext`.

use btf_types::{
    BtfExt,
    build::ExtBuilder,
    ext::{CoreReloc, FuncInfo, Info, LineInfo, Record},
};

use super::walk::printed;

/// Reads the bytes as `.BTF.ext`.
///
/// # Panics
/// Panics if the library is wrong.
pub(super) fn ext(bytes: &[u8]) {
    let ext = match BtfExt::parse(bytes) {
        Ok(ext) => ext,
        Err(error) => return assert!(printed(format_args!("{error} {error:?}")) > 0),
    };
    let func_info = records(ext.func_info());
    let line_info = records(ext.line_info());
    let core_relocs = records(ext.core_relocs());
    assert!(printed(format_args!("{ext:?}")) > 0);
    empty(bytes, &ext);

    let mut builder = ExtBuilder::new(ext.byte_order());
    func_info.iter().for_each(|(name, records)| builder.func_info(*name, records.clone()));
    line_info.iter().for_each(|(name, records)| builder.line_info(*name, records.clone()));
    core_relocs.iter().for_each(|(name, records)| builder.core_relocs(*name, records.clone()));
    let written = builder.finish().expect("records that were read can be written");
    let again = BtfExt::parse(&written).expect("what the builder writes is well-formed");
    assert_eq!(records::<FuncInfo>(again.func_info()), func_info);
    assert_eq!(records::<LineInfo>(again.line_info()), line_info);
    assert_eq!(records::<CoreReloc>(again.core_relocs()), core_relocs);
}

type Groups<R> = Vec<(btf_types::StrOffset, Vec<R>)>;

/// Returns the records of a sub-section. All accessors must agree on them.
fn records<R: Record + PartialEq>(info: Info<'_, R>) -> Groups<R> {
    assert!(info.record_size() >= 8 && info.record_size().is_multiple_of(4));
    let mut groups = Vec::new();
    for section in info.sections() {
        let records: Vec<R> = section.records().collect();
        assert_eq!(section.len(), records.len());
        assert_eq!(section.is_empty(), records.is_empty());
        assert!(section.get(records.len()).is_none() && section.get(usize::MAX).is_none());
        let by_index = (0..records.len()).map(|index| section.get(index).expect("below the count"));
        assert!(by_index.eq(records.iter().copied()));
        assert_eq!(section.records().rev().count(), records.len());
        assert!(printed(format_args!("{section:?}")) > 0);
        groups.push((section.name_off(), records));
    }
    assert_eq!(info.is_empty(), groups.iter().all(|(_, records)| records.is_empty()));
    groups
}

/// Empties the relocations by setting their length in the header to 0. Nothing else may change.
fn empty(bytes: &[u8], ext: &BtfExt<'_>) {
    let Some(at) = ext.core_reloc_len_offset() else {
        return assert!(ext.core_relocs().is_empty());
    };
    let mut emptied = bytes.to_vec();
    emptied[at..][..4].fill(0);
    let emptied = BtfExt::parse(&emptied).expect("an empty sub-section is well-formed");
    assert!(emptied.core_relocs().sections().next().is_none());
    assert_eq!(records(emptied.func_info()), records(ext.func_info()));
    assert_eq!(records(emptied.line_info()), records(ext.line_info()));
}
