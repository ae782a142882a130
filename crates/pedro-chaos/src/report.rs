//! What a run prints.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::fault::Fault;
use crate::ledger::Ledger;
use crate::record::Count;

/// Complaints that are shown; the others are counted.
const SHOWN: usize = 20;

/// The faults of a run by kind, with the time that they lasted.
pub(crate) fn faults(spells: &[(Fault, f64)]) -> String {
    let mut kinds: BTreeMap<Fault, (usize, f64)> = BTreeMap::new();
    for (fault, seconds) in spells {
        let kind = kinds.entry(*fault).or_default();
        *kind = (kind.0 + 1, kind.1 + seconds);
    }
    let mut text = String::new();
    for (fault, (count, seconds)) in kinds {
        let name = format!("{fault:?}");
        let _infallible = writeln!(text, "    {name:<26} {count:>4}   {seconds:>7.1} s");
    }
    text
}

/// The ledger, with what it complains of.
pub(crate) fn ledger(ledger: &Ledger, outcomes: &[Count], complaints: &[String]) -> String {
    let mut text = String::new();
    let rows = [
        ("lines said", ledger.said),
        ("stored once, as they were said", ledger.stored),
        ("missing: nobody was in chat (Twitch, in a recorded gap)", ledger.unheard),
        ("missing: on their way at a fault (Twitch, in a recorded gap)", ledger.excused),
        ("questions accepted", ledger.accepted),
        ("answered once", ledger.answered_once),
        ("answered twice, in the window on Twitch", ledger.answered_twice),
        ("told that there is no answer", ledger.told),
    ];
    for (what, count) in rows {
        let _infallible = writeln!(text, "    {what:<62} {count:>6}");
    }
    for Count { what, count } in outcomes {
        let _infallible = writeln!(text, "    {what:<62} {count:>6}");
    }
    let _infallible = writeln!(text, "    {:<62} {:>6}", "complaints", complaints.len());
    for complaint in complaints.iter().take(SHOWN) {
        let _infallible = writeln!(text, "      - {complaint}");
    }
    text
}
