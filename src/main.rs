//! The `roomwright` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    roomwright::cli::quiet_native_libraries();
    roomwright::cli::main()
}
