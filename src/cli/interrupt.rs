//! Ctrl-C: the first asks the run to finish the steps in flight, the second ends the process at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::console::Console;
use super::failure::INTERRUPTED;

/// A token that the first interrupt, or a SIGTERM, cancels.
pub fn stop_on_interrupt(console: Console) -> CancellationToken {
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        signalled().await;
        asked.cancel();
        console.tell("\nInterrupted: what is in flight is finished first; interrupt again to stop at once.");
        signalled().await;
        console.tell("Stopped at once; the next apply settles what was in flight.");
        std::process::exit(i32::from(INTERRUPTED));
    });
    stop
}

async fn signalled() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
