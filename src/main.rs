//! Runs the command line and turns its answer into an exit code.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Wipes memory as it is freed: what libraries held of a secret, such as the bodies of requests, is out of our reach until then.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

// One thread: a run waits for stores and the ledger, and computes little; threads would mostly wake each other.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    secretferry::cli::run().await
}
