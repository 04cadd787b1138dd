//! Runs the command line and turns its answer into an exit code.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    secretferry::cli::run().await
}
