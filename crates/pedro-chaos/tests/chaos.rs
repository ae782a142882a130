//! A minute of chaos, or as long as `SECONDS_OF_CHAOS` says: see the library.
#![expect(clippy::print_stderr, reason = "a report for people")]

use std::process::ExitCode;

use pedro_chaos::{Options, run};

#[tokio::main]
async fn main() -> ExitCode {
    let result = async {
        let mut options = Options::from_environment()?;
        options.logs = env!("CARGO_TARGET_TMPDIR").into();
        run(&options).await
    };
    match result.await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}
