//! The closed lists a run decides in: what to do, why, and how it ended.

/// Makes a closed list of words in kebab-case, each with the sentence that explains it.
macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal, $explained:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = $explained] $variant,)+ }

        impl $name {
            /// Every member, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in reports and the ledger.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The sentence that explains it to a person.
            pub const fn explained(self) -> &'static str {
                match self { $(Self::$variant => $explained,)+ }
            }

            /// Parses the word; `None` for any other.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|member| member.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

closed_list! {
    /// What a step does to the target.
    Action {
        Create = "create", "Write a key that the target does not have.";
        Update = "update", "Write another value to a key that the target has.";
        Restore = "restore", "Bring back a softly deleted name and give it the source's value, or in an undo its own.";
        Delete = "delete", "Take away a key that the source no longer has, or that the run undone had made.";
        Adopt = "adopt", "Take over a key whose value is equal already.";
        Release = "release", "Give up a key that the run undone had taken over; its value stays.";
        Keep = "keep", "Leave the key as it is.";
        Block = "block", "Refuse to act on the key, for the reason given.";
        Quarantine = "quarantine", "Set aside a source row that cannot be read.";
    }
}

closed_list! {
    /// Why a step does what it does.
    Reason {
        New = "new", "The target has no such key.";
        SourceChanged = "source-changed", "The source's value is another than the one last written.";
        Differs = "differs", "The two sides differ.";
        DriftRestored = "drift-restored", "The target was changed or deleted behind our back and the policy is to restore it.";
        TombstoneRestored = "tombstone-restored", "A softly deleted name is in the way and the policy is to restore it.";
        Returned = "returned", "The key we once deleted is in the source again.";
        ForeignOverwritten = "foreign-overwritten", "The target's key is not ours and the policy is to overwrite it.";
        GoneFromSource = "gone-from-source", "The source no longer has the key.";
        EqualUnowned = "equal-unowned", "The target's key is not ours, but equal, and the policy is to take it over.";
        EqualMarked = "equal-marked", "The key carries our mark and is equal, but the ledger has no record of it.";
        Unchanged = "unchanged", "Nothing changed on either side since the last write.";
        Equal = "equal", "Both sides are equal by Airflow's meaning.";
        Converged = "converged", "The target was changed behind our back to the value the source has.";
        ReEncrypted = "re-encrypted", "The stored row changed but its meaning did not, as after a key rotation.";
        DriftKept = "drift-kept", "The target was changed or deleted behind our back and the policy is to keep that.";
        DeletesOff = "deletes-off", "The source no longer has the key; deletes are switched off.";
        Renamed = "renamed", "The job gives the source's key another name now; what lies under the old one is left alone.";
        AbsentTooShort = "absent-too-short", "The source no longer has the key, but not for enough runs yet.";
        GoneFromBoth = "gone-from-both", "Neither side has the key any more; its record is dropped.";
        Foreign = "foreign", "The target's key was not written by us.";
        ForeignDiffers = "foreign-differs", "The target's key was not written by us and differs, so it cannot be taken over.";
        OtherOwner = "other-owner", "The target's key carries the mark of another installation or job.";
        Drift = "drift", "The target was changed behind our back.";
        DriftDeleted = "drift-deleted", "The target's key was deleted behind our back.";
        Tombstone = "tombstone", "A softly deleted name is in the way.";
        Destroyed = "destroyed", "The name's latest version was destroyed for good; somebody must decide.";
        Disabled = "disabled", "The target's key is disabled.";
        Managed = "managed", "The target's key belongs to a service of the store.";
        Poisoned = "poisoned", "A value is ***: the mask that a log or a screen shows, not the secret.";
        Lossy = "lossy", "A reader would see another value than the source has.";
        Unreadable = "unreadable", "A reader could not read what would be written.";
        ReadersDisagree = "readers-disagree", "The readers see different values in the source's own text.";
        SourceMalformed = "source-malformed", "The source's text is damaged (quoted, with a byte-order mark, or an empty key), or it is no connection at all; mend it there, or exclude the key.";
        OverrideFails = "override-fails", "What the job sets in the secret cannot be set.";
        IllegalName = "illegal-name", "The target cannot hold this name.";
        Unreachable = "unreachable", "Airflow never looks it up in this store: the lookup pattern does not match.";
        NameCollision = "name-collision", "Two names would meet under one key of the target.";
        KindUnknown = "kind-unknown", "Nothing tells whether the source's key is a connection, a variable or a config.";
        TooLarge = "too-large", "The value is larger than the target takes.";
        EmptyValue = "empty-value", "The target takes no empty value.";
        DoubleBraces = "double-braces", "The target refuses a value with {{…}}: it takes that for a reference to another key.";
        OtherKeys = "other-keys", "The target's entry holds other keys that this form cannot keep.";
        TargetUnreadable = "target-unreadable", "The target's key exists but cannot be understood.";
        TargetDenied = "target-denied", "The target refuses to show the key; denied is not absent.";
        TargetFailed = "target-failed", "The target could not be read for this key.";
        DeleteGuard = "delete-guard", "More deletes than the policy allows in one run.";
        ShrinkGuard = "shrink-guard", "The source shrank by more than the policy allows, or is empty.";
        ReadErrors = "read-errors", "Something could not be read in this run, so nothing is deleted.";
        FinalDelete = "final-delete", "The target cannot take a delete back, and the policy does not allow final deletes.";
        TeamUnsupported = "team-unsupported", "The key belongs to a team and the target cannot hold it as a team's.";
        Undecryptable = "undecryptable", "None of the Fernet keys opens the row.";
        DuplicateName = "duplicate-name", "Several source rows have this name.";
        SourceUnreadable = "source-unreadable", "The source's row or text cannot be parsed.";
        SourceDenied = "source-denied", "The source refuses to show the value.";
        SourceFailed = "source-failed", "The source could not be read for this key.";
        SourceMoved = "source-moved", "The source's value changed between plan and write.";
        TargetMoved = "target-moved", "The target's key changed between plan and write.";
        StoreError = "store-error", "The target answered a write with an error.";
        EffectUnknown = "effect-unknown", "The write's answer was lost and reading back could not settle it.";
        Interrupted = "interrupted", "The run was stopped before this step.";
        RunStopped = "run-stopped", "The run ended early for the reason given with it.";
        Undo = "undo", "What the run did to the key is taken back.";
        UndoTakeover = "undo-takeover", "What the run did to the key is taken back; it was not ours before, and is not any more.";
        UndoDrift = "undo-drift", "What the run did to the key is taken back; it holds again what was changed behind our back.";
        RedoTakeover = "redo-takeover", "The undo of a takeover is taken back; the key is ours again.";
        RedoDrift = "redo-drift", "The undo that brought a change behind our back to the key is taken back.";
        AsBefore = "as-before", "The key already is as it was before the run.";
        ChangedSince = "changed-since", "The key was changed since the run; to take the run back would destroy that.";
        VersionGone = "version-gone", "The version to go back to is gone: destroyed, or pushed out by newer ones.";
        NoHistory = "no-history", "The target keeps no versions, so there is nothing to go back to.";
    }
}

closed_list! {
    /// How a key ended in a run; every key has exactly one.
    Outcome {
        Created = "created", "Written for the first time.";
        Updated = "updated", "Written with another value.";
        Restored = "restored", "Brought back.";
        Deleted = "deleted", "Taken away.";
        Adopted = "adopted", "Taken over as it was.";
        Released = "released", "Given up as it was.";
        Kept = "kept", "Left as it was.";
        Blocked = "blocked", "Refused, for the reason given.";
        Quarantined = "quarantined", "Set aside: the source row cannot be read.";
        Conflict = "conflict", "Not written: a side changed between plan and write.";
        Failed = "failed", "The store refused the write; nothing was changed.";
        Unknown = "unknown", "The write's effect could not be settled; the next run does.";
        NotStarted = "not-started", "The run ended before this step.";
    }
}

impl Action {
    /// Tells whether the step changes the target or what we own in it.
    pub const fn changes(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Restore | Self::Delete | Self::Adopt | Self::Release)
    }
}

impl Action {
    /// How a key ends whose step went as it should.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Create => Outcome::Created,
            Self::Update => Outcome::Updated,
            Self::Restore => Outcome::Restored,
            Self::Delete => Outcome::Deleted,
            Self::Adopt => Outcome::Adopted,
            Self::Release => Outcome::Released,
            Self::Keep => Outcome::Kept,
            Self::Block => Outcome::Blocked,
            Self::Quarantine => Outcome::Quarantined,
        }
    }
}

impl Outcome {
    /// Tells whether the key ended as a person would wish.
    pub const fn is_good(self) -> bool {
        matches!(
            self,
            Self::Created
                | Self::Updated
                | Self::Restored
                | Self::Deleted
                | Self::Adopted
                | Self::Released
                | Self::Kept
        )
    }
}
