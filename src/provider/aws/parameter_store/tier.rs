//! The tiers of parameters: what they hold, and what they cost.

use aws_sdk_ssm::types::ParameterTier;
use serde::Deserialize;

use crate::model::{Finding, Severity};

/// In which tier parameters are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Values up to 4 096 bytes, 10 000 parameters a region, free of charge.
    #[default]
    Standard,
    /// Values up to 8 192 bytes, 100 000 parameters a region, paid for by the month; there is no way back.
    Advanced,
    /// AWS chooses: standard where that is enough, else advanced.
    Intelligent,
}

impl Tier {
    /// The largest value, in bytes.
    pub(super) const fn largest(self) -> usize {
        match self {
            Self::Standard => 4096,
            Self::Advanced | Self::Intelligent => 8192,
        }
    }

    /// The tier in words.
    pub(super) const fn explained(self) -> &'static str {
        match self {
            Self::Standard => "the standard tier",
            Self::Advanced => "the advanced tier",
            Self::Intelligent => "even the advanced tier",
        }
    }

    /// What AWS is asked for; over a parameter in the advanced tier nothing else is possible.
    pub(super) fn asked_for(self, existing: Option<&ParameterTier>) -> ParameterTier {
        if existing == Some(&ParameterTier::Advanced) {
            return ParameterTier::Advanced;
        }
        match self {
            Self::Standard => ParameterTier::Standard,
            Self::Advanced => ParameterTier::Advanced,
            Self::Intelligent => ParameterTier::IntelligentTiering,
        }
    }

    /// What writing in the tier costs, where it costs anything.
    pub(super) fn cost(self, store: &str) -> Option<Finding> {
        let which = match self {
            Self::Standard => return None,
            Self::Advanced => "every parameter is written in the advanced tier",
            Self::Intelligent => {
                "a value beyond 4096 bytes, and every parameter beyond 10000 in the region, goes to the advanced tier"
            }
        };
        let message =
            format!("{which}, which costs about $0.05 a parameter and month; there is no way back to standard");
        let remedy = "tier = \"standard\" costs nothing";
        Some(Finding::new(Severity::Info, "advanced-tier", store, message).with_remedy(remedy))
    }
}
