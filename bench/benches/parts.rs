//! Measures the time of each part of a relocation: `cargo bench --package core-reloc-bench`.

use core_reloc_bench::parts::{Inputs, Part};
use criterion::{Criterion, criterion_group, criterion_main};

fn parts(criterion: &mut Criterion) {
    let inputs = Inputs::make().expect("valid inputs");
    for part in Part::ALL {
        let measured = part.measure(&inputs, &mut |work| {
            criterion.bench_function(part.name(), |bencher| bencher.iter(&mut *work));
        });
        measured.expect("a part that succeeds");
    }
}

criterion_group!(benches, parts);
criterion_main!(benches);
