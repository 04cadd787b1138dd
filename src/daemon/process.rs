//! What this process takes of its machine, under the names that Prometheus' own clients give it; Linux alone tells.

use std::fs;

use prometheus_client::registry::Registry;
use tokio::runtime::Handle;

use super::metrics::level;

/// Adds what is known; what the system does not tell stays out.
pub fn gauges(registry: &mut Registry) {
    let known = [
        ("process_resident_memory_bytes", "Memory that is in use, in bytes", status("VmRSS").map(|kib| kib * 1024.0)),
        ("process_threads", "Threads", status("Threads")),
        ("process_open_fds", "Open files and sockets", descriptors()),
        ("process_tasks", "Tasks that have not ended", tasks()),
    ];
    for (name, help, value) in known {
        if let Some(value) = value {
            level(registry, name, help).get_or_create(&Vec::new()).set(value);
        }
    }
}

/// A number of `/proc/self/status` (proc(5)).
fn status(field: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The one that the folder itself is read through does not count.
fn descriptors() -> Option<f64> {
    float(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1))
}

fn tasks() -> Option<f64> {
    float(Handle::try_current().ok()?.metrics().num_alive_tasks())
}

fn float(many: usize) -> Option<f64> {
    u32::try_from(many).ok().map(f64::from)
}
