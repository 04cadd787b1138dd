//! Runs the command line and turns its answer into an exit code.

use std::process::ExitCode;

// One thread: a run waits for stores and the ledger, and computes little; threads would mostly wake each other.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    secretferry::cli::run().await
}
