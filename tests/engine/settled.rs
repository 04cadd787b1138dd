//! What became of a step, told from what its key looks like afterwards: every action in every state.

use secretferry::engine::{Meant, Now, Settled, settled};
use secretferry::model::{Action, Fingerprint, Kind, MasterKey, Purpose, Revision, SecretName, State};
use secretferry::planner::Owner;

/// The digest of a text under one key, the same in every row.
fn digest(text: &str) -> Fingerprint {
    let key = MasterKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    Fingerprint::of_value(&key.subkey(Purpose::Fingerprint), &SecretName::new(Kind::Variable, "v"), text.as_bytes())
}

/// A key as it is now: its state, what it holds (`new` is what was meant, `old` what it held before), version, owner.
type Seen = (Option<State>, Option<&'static str>, Option<&'static str>, Owner);

const ABSENT: Seen = (None, None, None, Owner::Unmarked);
const NEW: Seen = (Some(State::Live), Some("new"), Some("2"), Owner::Ours);
const NEW_UNMARKED: Seen = (Some(State::Live), Some("new"), Some("2"), Owner::Unmarked);
const NEW_OF_OTHERS: Seen = (Some(State::Live), Some("new"), Some("2"), Owner::Other);
const OLD: Seen = (Some(State::Live), Some("old"), Some("1"), Owner::Ours);
const OLD_AGAIN: Seen = (Some(State::Live), Some("old"), Some("3"), Owner::Ours);
const THEIRS: Seen = (Some(State::Live), Some("theirs"), Some("3"), Owner::Unmarked);
const THEIRS_MARKED: Seen = (Some(State::Live), Some("theirs"), Some("3"), Owner::Ours);
const GARBLED: Seen = (Some(State::Live), None, Some("3"), Owner::Ours);
const EMPTY: Seen = (Some(State::Empty), None, None, Owner::Ours);
const DELETED: Seen = (Some(State::Deleted), None, Some("1;deleted"), Owner::Ours);
const DELETED_SINCE: Seen = (Some(State::Deleted), None, Some("3;deleted"), Owner::Ours);
const DESTROYED: Seen = (Some(State::Destroyed), None, Some("1;destroyed"), Owner::Ours);
const DISABLED: Seen = (Some(State::Disabled), None, Some("3"), Owner::Ours);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    NotDone,
    Elsewhere,
}
use End::{Done, Elsewhere, NotDone};

fn now((state, text, revision, owner): Seen) -> Now {
    Now { state, revision: revision.map(Revision::new), fingerprint: text.map(digest), owner }
}

/// Checks one row; `before` is the version the step was planned against, `held` what it was known to hold.
fn check(action: Action, before: Option<&str>, held: Option<&str>, seen: Seen, expected: End) {
    let (new, before, held) = (digest("new"), before.map(Revision::new), held.map(digest));
    let fingerprint = (action != Action::Delete).then_some(&new);
    let meant = Meant { action, fingerprint, before: before.as_ref(), held: held.as_ref() };
    let found = match settled(meant, &now(seen)) {
        Settled::Done(revision) => {
            assert_eq!(revision.as_ref().map(Revision::as_str), seen.2, "{action} {seen:?}");
            Done
        }
        Settled::NotDone => NotDone,
        Settled::Elsewhere => Elsewhere,
    };
    assert_eq!(found, expected, "{action} {before:?} {seen:?}");
}

#[test]
fn a_create() {
    let rows = [
        (ABSENT, NotDone),
        (EMPTY, NotDone),
        (NEW, Done),
        (NEW_UNMARKED, Done),
        // Somebody else had the same thought: equal is not ours.
        (NEW_OF_OTHERS, Elsewhere),
        (THEIRS, Elsewhere),
        (GARBLED, Elsewhere),
        (DELETED_SINCE, Elsewhere),
        (DESTROYED, Elsewhere),
        (DISABLED, Elsewhere),
    ];
    for (seen, expected) in rows {
        check(Action::Create, None, None, seen, expected);
    }
}

#[test]
fn an_update_of_a_key_with_versions() {
    let rows = [
        (NEW, Done),
        (NEW_UNMARKED, Done),
        (NEW_OF_OTHERS, Elsewhere),
        (OLD, NotDone),
        // The value of before under another version is somebody's doing.
        (OLD_AGAIN, Elsewhere),
        (THEIRS, Elsewhere),
        (GARBLED, Elsewhere),
        (ABSENT, Elsewhere),
        (DELETED_SINCE, Elsewhere),
        (DISABLED, Elsewhere),
    ];
    for (seen, expected) in rows {
        check(Action::Update, Some("1"), Some("old"), seen, expected);
    }
}

#[test]
fn an_update_of_a_key_without_versions() {
    let rows = [
        (NEW, Done),
        (OLD, NotDone),
        (OLD_AGAIN, NotDone),
        (THEIRS, Elsewhere),
        (GARBLED, Elsewhere),
        (ABSENT, Elsewhere),
    ];
    for ((state, text, _, owner), expected) in rows {
        check(Action::Update, None, Some("old"), (state, text, None, owner), expected);
    }
}

#[test]
fn a_restore() {
    let rows = [
        (NEW, Done),
        (NEW_OF_OTHERS, Elsewhere),
        (DELETED, NotDone),
        (DELETED_SINCE, Elsewhere),
        (THEIRS, Elsewhere),
        (ABSENT, Elsewhere),
        (DESTROYED, Elsewhere),
    ];
    for (seen, expected) in rows {
        check(Action::Restore, Some("1;deleted"), None, seen, expected);
    }
    check(Action::Restore, Some("1;destroyed"), None, DESTROYED, NotDone);
}

#[test]
fn a_delete() {
    let rows = [
        (ABSENT, Done),
        (DELETED, Done),
        (OLD, NotDone),
        (OLD_AGAIN, Elsewhere),
        (THEIRS, Elsewhere),
        (DISABLED, Elsewhere),
    ];
    for (seen, expected) in rows {
        check(Action::Delete, Some("1"), Some("old"), seen, expected);
    }
    check(Action::Delete, None, Some("old"), (Some(State::Live), Some("old"), None, Owner::Unmarked), NotDone);
}

#[test]
fn an_adoption() {
    // An adoption leaves the version: what counts is the mark, and that the value is still the one taken over.
    let adopted = (Some(State::Live), Some("new"), Some("1"), Owner::Ours);
    let untouched = (Some(State::Live), Some("new"), Some("1"), Owner::Unmarked);
    let of_others = (Some(State::Live), Some("new"), Some("1"), Owner::Other);
    let rows = [
        (adopted, Done),
        (NEW, Done),
        (untouched, NotDone),
        (of_others, NotDone),
        (THEIRS_MARKED, Elsewhere),
        (THEIRS, Elsewhere),
        (ABSENT, Elsewhere),
        (DELETED_SINCE, Elsewhere),
    ];
    for (seen, expected) in rows {
        check(Action::Adopt, Some("1"), Some("new"), seen, expected);
    }
}
