//! Every move of a step from every state: the table is the whole law.

use secretferry::ledger::{
    Conclusion, Lease, Ledger, LedgerError, RunEnd, RunId, RunStatus, Settlement, StepId, StepState,
};
use secretferry::model::Outcome;

use crate::words::{begin, create, done, failure, start};
use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Done,
    Failed,
    Unknown,
    SettledDone,
    SettledFailed,
    SettledUnchanged,
}

const WAYS: [Way; 6] =
    [Way::Done, Way::Failed, Way::Unknown, Way::SettledDone, Way::SettledFailed, Way::SettledUnchanged];

impl Way {
    fn state(self) -> StepState {
        match self {
            Self::Done => StepState::Done,
            Self::Failed => StepState::Failed,
            Self::Unknown => StepState::Unknown,
            _ => StepState::Settled,
        }
    }

    async fn go(self, ledger: &Ledger, run: &RunId, step: StepId) -> Result<(), LedgerError> {
        match self {
            Self::Done => ledger.conclude(step, Conclusion::Done(done("key"))).await,
            Self::Failed => ledger.conclude(step, Conclusion::Failed(failure(Outcome::Failed))).await,
            Self::Unknown => ledger.conclude(step, Conclusion::Unknown(failure(Outcome::Unknown))).await,
            Self::SettledDone => ledger.settle(run, step, Settlement::Done(done("key"))).await,
            Self::SettledFailed => ledger.settle(run, step, Settlement::Failed(failure(Outcome::Conflict))).await,
            Self::SettledUnchanged => ledger.settle(run, step, Settlement::Unchanged).await,
        }
    }
}

async fn step_after(ledger: &Ledger, run: &RunId, lease: &Lease, way: Option<Way>) -> StepId {
    let step = ledger.intend(run, lease, create("key")).await.unwrap();
    if let Some(way) = way {
        way.go(ledger, run, step).await.unwrap();
    }
    step
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_legal_moves_are_made() {
    let world = World::new().await;
    let ledger = world.open().await;
    let (lease, run) = begin(&ledger).await;
    for before in std::iter::once(None).chain(WAYS.map(Some)) {
        for way in WAYS {
            let step = step_after(&ledger, &run, &lease, before).await;
            let from = before.map_or(StepState::Intended, Way::state);
            let legal = match from {
                StepState::Intended => true,
                StepState::Unknown => way.state() == StepState::Settled,
                StepState::Done | StepState::Failed | StepState::Settled => false,
            };
            let expected = if legal {
                Ok(())
            } else {
                Err(LedgerError::IllegalMove { from: from.as_str(), to: way.state().as_str() })
            };
            assert_eq!(way.go(&ledger, &run, step).await, expected, "{before:?} then {way:?}");
            let now = ledger.steps(&run).await.unwrap().into_iter().find(|record| record.id == step).unwrap();
            assert_eq!(now.state, if legal { way.state() } else { from }, "{before:?} then {way:?}");
        }
    }
    assert_eq!(ledger.audit_verify().await.unwrap().broken, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_done_becomes_the_baseline() {
    for way in WAYS {
        let world = World::new().await;
        let ledger = world.open().await;
        let (lease, run) = begin(&ledger).await;
        step_after(&ledger, &run, &lease, Some(way)).await;
        let recorded = ledger.baseline(lease.target()).await.unwrap().entries.len();
        assert_eq!(recorded, usize::from(matches!(way, Way::Done | Way::SettledDone)), "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ended_begins_nothing_and_does_not_end_again() {
    let world = World::new().await;
    let ledger = world.open().await;
    let (lease, run) = begin(&ledger).await;
    let step = step_after(&ledger, &run, &lease, None).await;
    let end =
        |status| RunEnd { status, depth: None, counts: [].into(), error: Some("stopped".to_owned()), standing: None };
    for status in [RunStatus::Running, RunStatus::Died] {
        let refused = ledger.finish_run(&run, end(status)).await.unwrap_err();
        assert_eq!(refused, LedgerError::IllegalMove { from: "running", to: status.as_str() });
    }
    ledger.finish_run(&run, end(RunStatus::Failed)).await.unwrap();
    let over = LedgerError::NotRunning(run.short().to_owned());
    assert_eq!(ledger.finish_run(&run, end(RunStatus::Succeeded)).await.unwrap_err(), over);
    assert_eq!(ledger.intend(&run, &lease, create("late")).await.unwrap_err(), over);
    assert_eq!(ledger.settle(&run, step, Settlement::Unchanged).await.unwrap_err(), over);
    let next = ledger.begin_run(&lease, start()).await.unwrap();
    ledger.settle(&next, step, Settlement::Unchanged).await.unwrap();
    let ended = ledger.find_run(run.as_str()).await.unwrap().unwrap();
    assert_eq!((ended.status, ended.error.as_deref()), (RunStatus::Failed, Some("stopped")));
}
