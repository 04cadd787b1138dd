//! Acts on a plan that was shown: reads each value again, and for every write an intent first, the write, then its outcome.

use std::cmp::Reverse;
use std::time::Instant;

use futures::StreamExt;
use futures::stream;

use super::error::is_away;
use super::outcome::{RunReport, StepOutcome};
use super::preview::Preview;
use super::read::{Progress, read_batch};
use super::run::{Acted, Run, Trouble};
use super::write::Writer;
use crate::ledger::{Remembered, Seen};
use crate::model::{Action, RemoteKey, Stage};
use crate::planner::{Plan, Remember, Step};
use crate::provider::{self, Record, Store};

/// The most source values of one read; of reads, at most two are under way or waiting beside the one being written.
const READ_AHEAD: usize = 64;

/// Acts on exactly the plan of `preview`, whose values are read from `source` again; every key of it ends in one outcome.
///
/// Ends early, with the rest not started, when the stop is asked for, the ledger fails or the store keeps failing.
pub async fn apply(run: &Run<'_>, source: &Store, preview: Preview) -> RunReport {
    let begun = Instant::now();
    let trouble = Trouble::default();
    let Preview { plan, lens, findings, took: planned, .. } = preview;
    let writer = Writer::new(run, &lens, &trouble);
    let progress = Progress::begin(run.observer, Stage::Apply, &run.job.target, Some(plan.changes().count()));
    let mut outcomes = writer.all_left_alone(&plan);
    let mut carried = carry_all(&writer, source, &plan, progress).await;
    carried.extend(adopt_all(&writer, &plan, progress).await);
    let deleted = delete_all(&writer, source, &plan, &carried, progress).await;
    outcomes.extend(carried.into_iter().chain(deleted));
    progress.end();
    remember(run, &plan, &lens.carriage.shape(), &trouble).await;
    run.ended(Acted { planned, begun, outcomes, trouble }, &plan, findings).await
}

/// Writes creates, updates and restores: source values are read in batches a little ahead of the writes, and dropped after.
async fn carry_all(writer: &Writer<'_>, source: &Store, plan: &Plan, progress: Progress<'_>) -> Vec<StepOutcome> {
    let carried = in_order(plan);
    let batch = source.capabilities().read_batch.clamp(1, READ_AHEAD);
    let ahead = if batch == 1 { source.capabilities().width.max(1) } else { 2 };
    let chunks: Vec<Vec<&Step>> = carried.chunks(batch).map(<[&Step]>::to_vec).collect();
    let chunks = stream::iter(chunks).map(|chunk| read_chunk(writer, source, chunk)).buffered(ahead);
    writer.each(chunks.flat_map(stream::iter), progress, |(step, answer)| writer.carry(step, answer)).await
}

/// What readers already have comes first, new names after it; of each what was changed last, then by name, as the plan
/// has them: so a run that ends early has left behind what could best wait.
fn in_order(plan: &Plan) -> Vec<&Step> {
    let carries = |step: &&Step| matches!(step.action, Action::Create | Action::Update | Action::Restore);
    let mut carried: Vec<&Step> = plan.changes().filter(carries).collect();
    // `None` is the least of all times, and thus the last.
    carried.sort_by_key(|step| (step.action == Action::Create, Reverse(step.changed)));
    carried
}

async fn read_chunk<'s>(
    writer: &Writer<'_>,
    source: &Store,
    chunk: Vec<&'s Step>,
) -> Vec<(&'s Step, provider::Result<Option<Record>>)> {
    // Once the run ends no step begins, so nothing needs to be read for it.
    if writer.halted().is_some() {
        return chunk.into_iter().map(|step| (step, Ok(None))).collect();
    }
    let keys: Vec<RemoteKey> = chunk.iter().filter_map(|step| step.source_key.clone()).collect();
    let answers = read_batch(source, &keys).await;
    // A batch is one request: it counts once, however many keys it failed for.
    if let Some(error) = answers.iter().filter_map(|answer| answer.as_ref().err()).find(|error| is_away(error)) {
        writer.trouble.answered(Some(error));
    }
    chunk.into_iter().zip(answers).collect()
}

/// Takes keys over.
async fn adopt_all(writer: &Writer<'_>, plan: &Plan, progress: Progress<'_>) -> Vec<StepOutcome> {
    let adopted = plan.changes().filter(|step| step.action == Action::Adopt);
    writer.each(stream::iter(adopted), progress, |step| writer.adopt(step)).await
}

/// Takes keys away, last of all: by then everything that could speak against it has been tried.
async fn delete_all(
    writer: &Writer<'_>,
    source: &Store,
    plan: &Plan,
    carried: &[StepOutcome],
    progress: Progress<'_>,
) -> Vec<StepOutcome> {
    let deletes: Vec<_> = plan.changes().filter(|step| step.action == Action::Delete).collect();
    let objections = &writer.objections(source, &deletes, carried).await;
    writer
        .each(stream::iter(deletes), progress, |step| async move {
            match objections.get(&step.name) {
                Some(ended) => writer.outcome(step, ended.clone()),
                None => writer.delete(step).await,
            }
        })
        .await
}

/// Refreshes what the ledger knows of keys that were left alone.
async fn remember(run: &Run<'_>, plan: &Plan, shape: &str, trouble: &Trouble) {
    let remembered: Vec<_> = plan.steps.iter().filter_map(|step| remembered(step, shape)).collect();
    if remembered.is_empty() || trouble.cause().is_some() {
        return;
    }
    if let Err(error) = run.ledger.remember(&run.id, run.lease, remembered).await {
        trouble.end_of_ledger("the ledger could not be brought up to date", &error);
    }
}

fn remembered(step: &Step, shape: &str) -> Option<Remembered> {
    let name = step.name.clone();
    match step.remember {
        Remember::Nothing => None,
        Remember::Presence => Some(Remembered::Present(name)),
        Remember::Absence => Some(Remembered::Absent(name)),
        Remember::Forget => Some(Remembered::Forgotten(name)),
        Remember::Revisions => {
            let seen = Seen {
                fingerprint: step.source.clone(),
                source_revision: step.source_revision.clone(),
                target_revision: step.target_revision.clone(),
                shape: shape.to_owned(),
                from: step.from.clone(),
            };
            Some(Remembered::Seen(name, seen))
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{Kind, Reason, SecretName};
    use crate::planner::{Depth, Fields};

    /// A step on a variable that the source changed in this second.
    fn step(id: &str, action: Action, second: Option<i64>) -> Step {
        Step {
            name: SecretName::new(Kind::Variable, id),
            from: None,
            source_key: None,
            key: None,
            action,
            reason: Reason::New,
            detail: None,
            source: None,
            source_revision: None,
            changed: second.and_then(|second| Timestamp::from_second(second).ok()),
            target: None,
            target_revision: None,
            notes: Vec::new(),
            before: Fields::default(),
            after: Fields::default(),
            remember: Remember::Nothing,
        }
    }

    /// A key, what is to be done to it, and the second its source changed it.
    type Given<'a> = (&'a str, Action, Option<i64>);

    fn ordered(steps: &[Given<'_>]) -> String {
        let steps = steps.iter().map(|(id, action, second)| step(id, *action, *second)).collect();
        let plan = Plan { steps, depth: Depth::Values, two_way: false, undoes: None };
        in_order(&plan).iter().map(|step| step.name.id.as_str()).collect()
    }

    #[test]
    fn what_exists_comes_first_and_of_it_what_is_newest() {
        let (create, update, restore) = (Action::Create, Action::Update, Action::Restore);
        let rows: &[(&[Given<'_>], &str)] = &[
            (&[], ""),
            (&[("a", update, Some(1)), ("b", update, Some(3)), ("c", update, Some(2))], "bca"),
            (
                &[("a", create, Some(9)), ("b", update, Some(1)), ("c", restore, Some(2)), ("d", create, Some(8))],
                "cbad",
            ),
            (&[("a", update, None), ("b", update, Some(-5)), ("c", update, None), ("d", update, Some(5))], "dbac"),
            (&[("a", update, Some(7)), ("b", restore, Some(7)), ("c", update, Some(7))], "abc"),
            (&[("a", create, None), ("b", update, None), ("c", create, None), ("d", restore, None)], "bdac"),
            (&[("a", Action::Delete, Some(9)), ("b", Action::Keep, Some(9)), ("c", create, None)], "c"),
            (&[("a", Action::Adopt, Some(9)), ("b", Action::Block, Some(9))], ""),
        ];
        for (steps, expected) in rows {
            assert_eq!(ordered(steps), *expected, "{steps:?}");
        }
    }
}
