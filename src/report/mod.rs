//! Floor 5, what people and machines see: rendered from plain data, pure.

pub mod json;
mod page;
mod plan;
pub mod text;

pub use page::{Colour, Paper};
pub use plan::PlanReport;
