//! Counts the running kernel's types, or prints why it cannot.

use std::process::ExitCode;

fn main() -> ExitCode {
    let counted = core_reloc_sys::kernel_btf().map(|file| {
        let types = file.parse().map(|btf| btf.own_types().count());
        (file.path().display().to_string(), types)
    });
    match counted {
        Ok((path, Ok(types))) => {
            assert!(core_reloc_sys::core_read_supported());
            println!("{types} types in {path}");
            ExitCode::SUCCESS
        }
        Ok((_, Err(error))) => {
            println!("{error}");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
