//! The strict stand-ins of the clouds, judged by the clouds' own clients in Python: an independent voice on what the
//! services send and take. A script does all that a client can, and fails where an answer is not as documented.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod azure;
#[path = "../fakes/mod.rs"]
#[expect(dead_code, reason = "it is shared with all who need a cloud, and its own tests use the rest")]
mod fakes;
mod google;

use std::path::Path;
use std::process::Command;

/// The Python with the clients, and what tells where it is.
const PYTHON: &str = "SECRETFERRY_TEST_CLOUD_CLIENTS";

/// Whoever sits behind a proxy does not reach this machine by it.
const DIRECTLY: [(&str, &str); 2] = [("NO_PROXY", "localhost,127.0.0.1"), ("no_proxy", "localhost,127.0.0.1")];

/// Runs a script of this folder; gives what it printed, or what it failed with.
fn run(script: &str, told: &[(&str, &str)]) -> Result<String, String> {
    let python = std::env::var(PYTHON).unwrap_or_else(|_| panic!("{PYTHON} is not set: run `make test`"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
    let ended = Command::new(python).arg("-I").arg(script).envs(DIRECTLY).envs(told.iter().copied()).output();
    let ended = ended.unwrap();
    let (out, error) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    if ended.status.success() { Ok(out.into_owned()) } else { Err(format!("{out}{error}")) }
}
