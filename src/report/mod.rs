//! Floor 5, what people and machines see: rendered from plain data, pure.

mod agenda;
mod demo;
pub mod json;
mod page;
mod plan;
mod settings;
pub mod text;

pub use agenda::{Agenda, Times};
pub use demo::DemoReport;
pub use page::{Colour, Paper};
pub use plan::PlanReport;
pub use settings::{airflow_cfg, airflow_variables};
