//! The parts of Python that decide what Airflow reads: `str`, numbers, literals, `json` and percent-encoding, ported exactly.
//!
//! Knows nothing of Airflow. Differences to Rust's own types are the reason it exists: Python text may hold lone
//! surrogates, its integers have no size, its JSON knows `NaN` and lets the last of two equal keys win.

mod dumps;
mod json;
mod literal;
mod number;
mod percent;
mod text;
mod value;

pub use dumps::{dumps, dumps_canonical, dumps_indented};
pub(super) use json::loads_slice;
pub use json::{DEPTH_LIMIT, JsonError, loads};
pub use literal::literal_eval;
pub use number::{DIGIT_LIMIT, Integer, float_repr};
pub use percent::{Blank, quote, unquote};
pub use text::{CodePoints, Text};
pub(super) use text::{drop_first, find, lower, map_chunks, partition, replace, rpartition, strip};
pub use value::{Object, Value};

/// The text has a lone surrogate, so Python cannot encode it as UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoneSurrogate;

#[cfg(test)]
mod tests;
