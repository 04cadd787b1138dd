//! The daemon as it is asked from outside, and whom it tells, on sockets of this machine; needs no server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod access;
mod ask;
mod inbox;
mod limits;
mod metrics;
mod notices;
mod receivers;
