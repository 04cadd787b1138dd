//! Runs a program that is told: JSON on its standard input, no shell, hardly any environment, a bounded time.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::receiver::Problem;
use crate::reference::env_setting;

/// Runs it once; it is killed when its time is over. What it prints is dropped: nobody knows what it holds.
pub(super) async fn run(program: &Path, words: &[String], within: Duration, body: String) -> Result<(), Problem> {
    let mut command = Command::new(program);
    command.args(words).env_clear().env("LANG", "C.UTF-8");
    command.env("PATH", env_setting("PATH").as_deref().unwrap_or("/usr/local/bin:/usr/bin:/bin"));
    command.envs(env_setting("HOME").map(|home| ("HOME", home)));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let started = command.spawn().map_err(|error| error.kind());
    let mut child =
        started.map_err(|kind| Problem::lasting(format!("{} cannot be started: {kind}", program.display())))?;
    let ended = timeout(within, told(&mut child, body)).await;
    match ended {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(Problem::passing(format!("{} ended with {status}", program.display()))),
        Ok(Err(error)) => Err(Problem::passing(format!("{} was lost: {}", program.display(), error.kind()))),
        Err(_) => {
            // Waits too, lest it stay as a zombie.
            let _ = child.kill().await;
            Err(Problem::passing(format!("{} took longer than {within:?} and was killed", program.display())))
        }
    }
}

async fn told(child: &mut Child, body: String) -> std::io::Result<std::process::ExitStatus> {
    if let Some(mut input) = child.stdin.take() {
        // A program that does not read what it is told is free to do so.
        let _ = input.write_all(body.as_bytes()).await;
        let _ = input.write_all(b"\n").await;
    }
    child.wait().await
}
