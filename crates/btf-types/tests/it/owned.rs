//! BTF that owns its bytes.

use std::{sync::Arc, thread};

use btf_types::{Btf, ByteOrder, Error, IntEncoding, Kind, OwnedBtf, TypeId, build::Builder};

fn int() -> Vec<u8> {
    let mut btf = Builder::new(ByteOrder::Little);
    btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    btf.finish().unwrap()
}

fn is_shared<T: Clone + Send + Sync + 'static>() {}

#[test]
fn an_owned_btf_can_be_shared_between_threads_for_any_time() {
    is_shared::<OwnedBtf>();
    let owned = OwnedBtf::parse(int()).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let owned = owned.clone();
            thread::spawn(move || owned.btf().find("int", Kind::Int).unwrap().size().unwrap())
        })
        .collect();
    drop(owned);
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 4));
}

#[test]
fn a_split_btf_keeps_its_base() {
    let base = OwnedBtf::parse(int()).unwrap();
    let split = {
        let mut btf = Builder::split(base.btf());
        btf.structure("s", 4).member("a", TypeId(1), 0).finish();
        OwnedBtf::parse_split(btf.finish().unwrap(), &base).unwrap()
    };
    drop(base);
    let members = split.btf().find("s", Kind::Struct).unwrap().members();
    assert_eq!(members.get(0).unwrap().ty().unwrap().name().unwrap(), "int");
    assert_eq!(split.base().unwrap().btf().len(), 1);
}

#[test]
fn clones_share_the_bytes() {
    let bytes = Arc::new(int());
    let owned = OwnedBtf::from_shared(bytes.clone()).unwrap();
    let clone = owned.clone();
    assert_eq!(owned.btf().as_bytes().as_ptr(), bytes.as_ptr());
    assert_eq!(clone.btf().as_bytes().as_ptr(), bytes.as_ptr());
}

#[test]
fn an_objects_pointers_have_8_bytes() {
    let mut btf = Builder::new(ByteOrder::Little);
    let long = btf.int("long", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    let pointer = btf.ptr(long);
    let bytes = btf.finish().unwrap();
    let size = |btf: &Btf<'_>| btf.type_by_id(pointer).unwrap().size().unwrap();
    assert_eq!(size(&Btf::parse(&bytes).unwrap()), 4);
    assert_eq!(size(&Btf::parse_object(&bytes).unwrap()), 8);
    assert_eq!(size(OwnedBtf::parse_object(bytes).unwrap().btf()), 8);
}

#[test]
fn errors_are_those_of_parsing() {
    let error = OwnedBtf::parse(vec![1, 2, 3]).unwrap_err();
    assert_eq!(Some(error), Btf::parse(&[1, 2, 3]).err());
    assert!(matches!(OwnedBtf::parse(vec![0; 24]).unwrap_err(), Error::BadMagic { .. }));
}
