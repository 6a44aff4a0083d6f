//! `layout FILE STRUCT`

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, name] = &arguments[..] else {
        eprintln!("usage: layout FILE STRUCT");
        return ExitCode::from(2);
    };
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut text = String::new();
    let written = layout::write_layout(&bytes, name, &mut text);
    print!("{text}");
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{file}: {error:?}");
            ExitCode::FAILURE
        }
    }
}
