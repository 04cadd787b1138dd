//! The daemon: when it runs what, and how it is asked from outside, on sockets of this machine; needs no server.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod access;
mod ask;
mod instants;
mod limits;
mod metrics;
mod patterns;
mod simulation;
mod turns;
