//! Undo: what a run did × how the key is now, row by row.

use std::collections::BTreeSet;
use std::sync::Arc;

use secretferry::model::{
    Action, Fingerprint, Kind, MasterKey, Purpose, Reason, RemoteKey, Revision, SecretName, State, Subkey,
};
use secretferry::planner::{
    Baseline, BaselineEntry, Certainty, Owner, Past, TargetContent, TargetKey, TargetSide, Today, UndoNeeds, undo,
    undo_needs,
};

/// How the key is now.
struct Now {
    state: Option<State>,
    revision: &'static str,
    content: TargetContent,
    owner: Owner,
    recorded: Option<&'static str>,
    kept: bool,
    history: bool,
    may_delete: bool,
}

fn key() -> Subkey {
    let key = MasterKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").expect("32 bytes");
    key.subkey(Purpose::Fingerprint)
}

fn name() -> SecretName {
    SecretName::new(Kind::Variable, "v")
}

fn of(text: &str) -> Fingerprint {
    Fingerprint::of_value(&key(), &name(), text.as_bytes())
}

fn past(action: Action, reason: Reason) -> Past {
    Past {
        name: name(),
        key: RemoteKey::new("variables/v"),
        action,
        reason,
        certainty: Certainty::Done,
        fingerprint_before: Some(of("before")),
        revision_before: Some(Revision::new("before")),
        fingerprint_after: Some(of("after")),
        revision_after: Some(Revision::new("after")),
        from: None,
    }
}

/// As the run left it, with everything there that an undo needs.
fn as_left(action: Action) -> Now {
    let state = if action == Action::Delete { State::Deleted } else { State::Live };
    let recorded = (!matches!(action, Action::Delete | Action::Release)).then_some("nightly");
    let content = TargetContent::Unread;
    let owner = Owner::Ours;
    Now { state: Some(state), revision: "after", content, owner, recorded, kept: true, history: true, may_delete: true }
}

fn side(now: &Now) -> TargetSide {
    let key = now.state.map(|state| TargetKey {
        key: RemoteKey::new("variables/v"),
        state,
        revision: Some(Revision::new(now.revision)),
        owner: now.owner,
        content: now.content.clone(),
    });
    TargetSide { keys: key.map(|key| (name(), key)).into_iter().collect() }
}

/// What is decided: action, reason, and the version gone back to.
fn decided(past: &Past, now: &Now) -> String {
    let entry = |job: &str| BaselineEntry {
        job: job.to_owned(),
        key: RemoteKey::new("variables/v"),
        fingerprint: of("after"),
        source_revision: None,
        target_revision: None,
        absent_runs: 0,
        shape: String::new(),
        from: None,
    };
    let baseline = Baseline { entries: now.recorded.map(|job| (name(), entry(job))).into_iter().collect() };
    let kept: BTreeSet<_> = now.kept.then(name).into_iter().collect();
    let target = side(now);
    let (history, may_delete) = (now.history, now.may_delete);
    let today = Today { target: &target, baseline: &baseline, job: "nightly", kept: &kept, history, may_delete };
    let plan = undo("run", std::slice::from_ref(past), today);
    assert_eq!(plan.undoes.as_deref(), Some("run"));
    let step = &plan.steps[0];
    if step.action.changes() {
        assert_eq!(
            step.target_revision.as_ref().map(Revision::as_str),
            Some(now.revision),
            "what it is planned against"
        );
    }
    let back_to = step.source_revision.as_ref().map(|revision| format!(" to {}", revision.as_str()));
    format!("{} {}{}", step.action, step.reason, back_to.unwrap_or_default())
}

#[test]
fn what_a_run_did_is_taken_back_and_the_reason_tells_whose_the_key_is_then() {
    let rows = [
        (Action::Create, Reason::New, "delete undo"),
        (Action::Create, Reason::DriftRestored, "delete undo"),
        (Action::Restore, Reason::Returned, "delete undo"),
        (Action::Restore, Reason::TombstoneRestored, "delete undo-takeover"),
        (Action::Update, Reason::SourceChanged, "update undo to before"),
        (Action::Update, Reason::DriftRestored, "update undo-drift to before"),
        (Action::Update, Reason::ForeignOverwritten, "update undo-takeover to before"),
        (Action::Delete, Reason::GoneFromSource, "restore undo to before"),
        (Action::Adopt, Reason::EqualUnowned, "release undo-takeover"),
        (Action::Adopt, Reason::EqualMarked, "release undo"),
        // And an undo itself.
        (Action::Delete, Reason::Undo, "restore undo to before"),
        (Action::Delete, Reason::UndoTakeover, "restore redo-takeover to before"),
        (Action::Update, Reason::Undo, "update undo to before"),
        (Action::Update, Reason::UndoTakeover, "update redo-takeover to before"),
        (Action::Update, Reason::UndoDrift, "update redo-drift to before"),
        (Action::Release, Reason::UndoTakeover, "adopt redo-takeover"),
        // And its undo.
        (Action::Restore, Reason::RedoTakeover, "delete undo-takeover"),
        (Action::Update, Reason::RedoTakeover, "update undo-takeover to before"),
        (Action::Update, Reason::RedoDrift, "update undo-drift to before"),
        (Action::Adopt, Reason::RedoTakeover, "release undo-takeover"),
    ];
    for (action, reason, expected) in rows {
        assert_eq!(decided(&past(action, reason), &as_left(action)), expected, "{action} {reason}");
    }
}

#[test]
fn what_cannot_be_taken_back_is_named() {
    let update = past(Action::Update, Reason::SourceChanged);
    let delete = past(Action::Delete, Reason::GoneFromSource);
    let create = past(Action::Create, Reason::New);
    let left = |action| as_left(action);
    let live = |content| Now { revision: "later", content, ..as_left(Action::Update) };
    let rows = [
        (&update, Now { revision: "later", ..left(Action::Update) }, "block changed-since"),
        (&update, live(TargetContent::Read(of("other"), Arc::default())), "block changed-since"),
        (&update, live(TargetContent::Unreadable("x".to_owned())), "block changed-since"),
        (&update, live(TargetContent::Read(of("before"), Arc::default())), "keep as-before"),
        (&update, live(TargetContent::Denied("x".to_owned())), "block target-denied"),
        (&update, live(TargetContent::Failed("x".to_owned())), "block target-failed"),
        (&update, Now { state: Some(State::Deleted), ..left(Action::Update) }, "block changed-since"),
        (&update, Now { state: None, ..left(Action::Update) }, "block changed-since"),
        (&update, Now { kept: false, ..left(Action::Update) }, "block version-gone"),
        (&update, Now { history: false, ..left(Action::Update) }, "block no-history"),
        (&update, Now { owner: Owner::Other, ..left(Action::Update) }, "block other-owner"),
        (&update, Now { recorded: Some("hourly"), ..left(Action::Update) }, "block other-owner"),
        (&create, Now { may_delete: false, ..left(Action::Create) }, "block final-delete"),
        (&update, Now { may_delete: false, ..left(Action::Update) }, "update undo to before"),
        (&delete, Now { kept: false, ..left(Action::Delete) }, "block version-gone"),
        (&delete, Now { state: Some(State::Live), ..left(Action::Delete) }, "block changed-since"),
        (&delete, Now { revision: "later", ..left(Action::Delete) }, "block changed-since"),
        (&delete, Now { state: Some(State::Destroyed), ..left(Action::Delete) }, "block changed-since"),
    ];
    for (past, now, expected) in rows {
        assert_eq!(decided(past, &now), expected, "{} {:?} {}", past.action, now.state, now.revision);
    }
}

#[test]
fn what_is_taken_back_already_is_left_alone() {
    let gone = [None, Some(State::Empty), Some(State::Deleted), Some(State::Destroyed)];
    for action in [Action::Create, Action::Restore] {
        for state in gone {
            let now = Now { state, revision: "later", ..as_left(action) };
            assert_eq!(decided(&past(action, Reason::New), &now), "keep as-before", "{action} {state:?}");
        }
    }
    let released = Now { recorded: None, ..as_left(Action::Adopt) };
    assert_eq!(decided(&past(Action::Adopt, Reason::EqualUnowned), &released), "keep as-before");
    let adopted = Now { recorded: Some("nightly"), ..as_left(Action::Release) };
    assert_eq!(decided(&past(Action::Release, Reason::UndoTakeover), &adopted), "keep as-before");
}

#[test]
fn what_is_not_known_to_have_been_done_is_settled_first() {
    for action in Action::ALL.iter().filter(|action| action.changes()) {
        let open = Past { certainty: Certainty::Open, ..past(*action, Reason::New) };
        assert_eq!(decided(&open, &as_left(*action)), "block effect-unknown", "{action}");
    }
}

#[test]
fn only_what_must_be_is_looked_at() {
    let update = past(Action::Update, Reason::SourceChanged);
    let unknown = Past { fingerprint_before: None, ..update.clone() };
    let later = || Now { revision: "later", ..as_left(Action::Update) };
    let rows = [
        (past(Action::Create, Reason::New), as_left(Action::Create), [false, false]),
        (past(Action::Adopt, Reason::EqualUnowned), as_left(Action::Adopt), [false, false]),
        (update.clone(), as_left(Action::Update), [false, true]),
        (past(Action::Delete, Reason::GoneFromSource), as_left(Action::Delete), [false, true]),
        (update.clone(), later(), [true, false]),
        (unknown, later(), [false, false]),
        (update.clone(), Now { state: None, ..later() }, [false, false]),
        (update, Now { content: TargetContent::Denied(String::new()), ..later() }, [false, false]),
    ];
    for (past, now, [values, versions]) in rows {
        let named = |wanted: bool| if wanted { vec![name()] } else { Vec::new() };
        let expected = UndoNeeds { values: named(values), versions: named(versions) };
        assert_eq!(undo_needs(std::slice::from_ref(&past), &side(&now)), expected, "{} {}", past.action, now.revision);
    }
}
