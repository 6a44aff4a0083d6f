//! The parts of a relocation, in time: `cargo bench --package core-reloc-bench`.

use core_reloc_bench::parts::{Inputs, Part};
use criterion::{Criterion, criterion_group, criterion_main};

fn parts(criterion: &mut Criterion) {
    let inputs = Inputs::make().expect("the inputs can be made");
    for part in Part::ALL {
        let measured = part.measure(&inputs, &mut |work| {
            criterion.bench_function(part.name(), |bencher| bencher.iter(&mut *work));
        });
        measured.expect("the part can be done");
    }
}

criterion_group!(benches, parts);
criterion_main!(benches);
