//! What can go wrong with a request whatever the service: the list that every store is tried with.

use secretferry::model::Family;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The service's own words for too many requests; nothing happens.
    Throttled,
    /// Too many requests in words that no model of the service foresees; nothing happens.
    Overloaded,
    /// The service says that it is broken; nothing happens.
    Broken,
    /// The connection is closed before anything happens.
    Cut,
    /// It happens, and the connection is closed without a word.
    Lost,
    /// It happens, and no answer ever comes.
    Silent,
    /// It happens, and the answer breaks off in the middle.
    Torn,
    /// A page names itself as the next one: waits for a page that can.
    Circular,
}

impl Fault {
    /// Those after which nothing has happened, and after which a store may be asked again.
    pub const WITHOUT_EFFECT: [Self; 4] = [Self::Throttled, Self::Overloaded, Self::Broken, Self::Cut];

    /// Those after which only the service knows what has happened.
    pub const OF_UNKNOWN_EFFECT: [Self; 3] = [Self::Lost, Self::Silent, Self::Torn];

    /// The fault that a word stands for.
    pub fn named(word: &str) -> Option<Self> {
        let all = [&Self::WITHOUT_EFFECT[..], &Self::OF_UNKNOWN_EFFECT, &[Self::Circular]].concat();
        all.into_iter().find(|fault| format!("{fault:?}").to_lowercase() == word)
    }
}

/// Which requests a fault is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aim {
    /// Those of a family.
    Family(Family),
    /// Those for one operation.
    Operation(String),
}

/// The faults that wait for their requests.
#[derive(Debug, Default)]
pub struct Faults(Vec<(Aim, usize, Fault)>);

impl Faults {
    /// Lets the next `times` requests fail.
    pub fn plan(&mut self, aim: Aim, times: usize, fault: Fault) {
        self.0.push((aim, times, fault));
    }

    /// The fault that waits for such a request, if one does and `fits`; it has then come.
    pub fn take(&mut self, family: Family, operation: &str, fits: impl Fn(Fault) -> bool) -> Option<Fault> {
        let is_met = |aim: &Aim| match aim {
            Aim::Family(aimed) => *aimed == family,
            Aim::Operation(aimed) => aimed == operation,
        };
        let (index, found) =
            self.0.iter().enumerate().find(|(_, (aim, times, fault))| *times > 0 && is_met(aim) && fits(*fault))?;
        let fault = found.2;
        self.0[index].1 -= 1;
        Some(fault)
    }

    /// How many have not come yet.
    pub fn waiting(&self) -> usize {
        self.0.iter().map(|(_, times, _)| times).sum()
    }
}
