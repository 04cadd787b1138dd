//! The daemon without any server: what it tells, logs and reloads, and what its parts promise each other.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod inbox;
mod notices;
mod receivers;
