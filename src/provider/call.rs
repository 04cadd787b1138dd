//! Placeholder.
/// Caller.
#[derive(Debug)]
pub struct Caller;
