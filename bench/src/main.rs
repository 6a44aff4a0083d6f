//! Measures core-reloc beside libbpf and aya-obj: `core-reloc-bench TARGET [OBJECT]`.

use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use btf_types::Btf;
use core_reloc_bench::contenders::{Contender, aya::Aya, core_reloc::CoreReloc, libbpf::Libbpf};
use core_reloc_bench::{Result, code, generate::object::object};

fn main() -> Result {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let target = Path::new(arguments.first().ok_or("usage: core-reloc-bench TARGET [OBJECT]")?);
    let bytes = fs::read(target)?;
    let kernel = Btf::parse(&bytes)?;
    println!("{}: {} bytes, {} types", target.display(), bytes.len(), kernel.len());

    let mut objects = Vec::new();
    if let Some(path) = arguments.get(1) {
        objects.push(fs::read(path)?);
    }
    objects.push(object(&kernel, 250, 3_000)?);
    objects.push(object(&kernel, 1_900, 25_000)?);
    for object in objects {
        compare(target, &object)?;
    }
    Ok(())
}

fn compare(target: &Path, object: &[u8]) -> Result {
    let records = code::records(object)?;
    let relocations = records.iter().map(|(_, records)| records.len()).sum::<usize>();
    println!("\n{relocations} relocations");
    let contenders: [&dyn Contender; 3] = [&CoreReloc, &Libbpf, &Aya];
    let mut expected = None;
    for contender in contenders {
        let one = contender.cold(target, object)?;
        let rounds = if one.time > Duration::from_millis(500) { 3 } else { 15 };
        let cold: Result<Vec<_>> = (0..rounds).map(|_| contender.cold(target, object)).collect();
        let cold = median(cold?.into_iter().map(|run| run.time).collect());
        let warm = contender.warm(target, object, rounds)?;
        let warm = median(warm.into_iter().map(|run| run.time).collect());
        if *expected.get_or_insert_with(|| one.code.clone()) != one.code {
            return Err(format!("{} leaves other code", contender.name()).into());
        }
        let each = warm / u32::try_from(relocations)?;
        println!("{:12} cold {cold:10.2?}  warm {warm:10.2?}, {each:.0?} each", contender.name());
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
