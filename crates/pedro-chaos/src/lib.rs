//! Chaos: the real bots, killed, cut off and lied to at random, with people talking and asking all the while; then calm, and
//! a ledger that holds what is stored and what was answered against what was said.
//!
//! `town` is the world (the playground, a scripted model, a database behind a way that can be cut, the bots), `crowd` the
//! people in it, `fault` what goes wrong, `facts` what is left in the end, and `ledger` the judge of it. The order of the
//! faults comes from a seed; what they meet is a matter of time and differs from run to run.

mod bot;
mod crowd;
mod facts;
mod fault;
mod ledger;
mod oracle;
mod record;
mod report;
mod run;
mod town;
mod trouble;
mod watch;

pub use run::{Options, run};
