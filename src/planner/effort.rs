//! What acting on a plan takes: calls of each store, and the least time under their quotas.

use std::time::Duration;

use super::plan::{Plan, Step};
use crate::model::{Action, Capabilities, Family, Tariff};

/// What acting on a plan takes at the least: throttles and repeats come on top.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Effort {
    /// The calls of the source.
    pub source: Vec<Calls>,
    /// The calls of the target.
    pub target: Vec<Calls>,
    /// The time that the calls take under the tightest quota; `None` where no store has stated one for them.
    pub least: Option<Duration>,
}

/// How often a store is called in one family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calls {
    /// The family.
    pub family: Family,
    /// How often.
    pub count: u64,
    /// The tightest quota of the family: calls a second; `None` where there is none.
    pub per_second: Option<f64>,
}

/// Counts the calls that acting on `plan` takes; a store that states no calls is not counted.
pub fn effort(plan: &Plan, source: &Capabilities, target: &Capabilities) -> Effort {
    let carried = plan.changes().filter(|step| plan.undoes.is_none() && is_carried(step)).count() as u64;
    let reads = carried.div_ceil(source.read_batch.max(1) as u64);
    let of_source = if source.tariff.is_stated() { vec![(Family::Read, reads)] } else { Vec::new() };
    let of_family = |family| {
        let calls = target.tariff.calls.iter().filter(|(_, own, _)| *own == family);
        (family, calls.map(|(action, _, count)| plan.count(*action) as u64 * u64::from(*count)).sum())
    };
    let of_target = Family::ALL.map(of_family).to_vec();
    let (source, target) = ((priced(of_source, source), source), (priced(of_target, target), target));
    let least = [&source, &target].into_iter().filter_map(|(calls, store)| least(calls, &store.tariff)).max();
    Effort { source: source.0, target: target.0, least }
}

/// How long the calls take under the tightest quota that counts any of them.
fn least(calls: &[Calls], tariff: &Tariff) -> Option<Duration> {
    let times = tariff.quotas.iter().filter_map(|quota| {
        let counted = calls.iter().filter(|calls| quota.families.contains(&calls.family));
        let count: u64 = counted.map(|calls| calls.count).sum();
        // A quota is never so small that the time would not fit: settings ask for more than nothing.
        (count > 0).then(|| Duration::try_from_secs_f64(count as f64 / quota.per_second).ok())?
    });
    times.max()
}

fn is_carried(step: &Step) -> bool {
    matches!(step.action, Action::Create | Action::Update | Action::Restore)
}

fn priced(calls: Vec<(Family, u64)>, store: &Capabilities) -> Vec<Calls> {
    let calls = calls.into_iter().filter(|(_, count)| *count > 0);
    calls.map(|(family, count)| Calls { family, count, per_second: store.tariff.per_second(family) }).collect()
}
