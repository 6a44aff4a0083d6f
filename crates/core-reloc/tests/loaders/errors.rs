//! Errors that a loader matches on without knowing the layers that pass them on.

use std::error::Error;

use btf_from_c::btf;
use btf_types::{Btf, ByteOrder, Error as BtfError, TypeId};
use core_reloc::{Cause, Target, functions::target_field_offset};

/// Returns the last of an error's sources.
fn origin<'a>(mut error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

#[test]
fn the_sources_lead_to_the_error_of_the_layer_below() {
    let bytes = btf(ByteOrder::Little, "struct task { int pid; };");
    let btf = Btf::parse(&bytes).unwrap();
    let target = Target::new(&btf);
    let ask = |type_id, access| target_field_offset(&btf, &target, type_id, access).unwrap_err();

    let error = ask(TypeId(99), "0:0");
    let of_the_format = origin(&error).downcast_ref::<BtfError>();
    let expected = |error: &BtfError| matches!(error, BtfError::NoSuchType { id: TypeId(99), .. });
    assert!(of_the_format.is_some_and(expected), "{error:?}");
    assert!(error.source().is_some_and(|cause| error.to_string().ends_with(&cause.to_string())));

    let error = ask(TypeId(1), "0:x");
    assert!(matches!(origin(&error).downcast_ref(), Some(Cause::Access(_))), "{error:?}");
}
