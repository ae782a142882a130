//! Reading the options of a command, with the values that are kept in 1Password.

use std::sync::OnceLock;

use pedro_core::service::OnePassword;
use pedro_core::service::config::{self, ConfigProblems, OnePasswordArgs};

/// There is one command line, and one 1Password, in a process: every command may read settings, deep inside, too.
static ONE_PASSWORD: OnceLock<OnePassword> = OnceLock::new();

/// Takes the options; before any command.
pub(crate) fn init(args: OnePasswordArgs) {
    // Set once: `main` is the only caller.
    let _first = ONE_PASSWORD.set(OnePassword::new(args));
}

/// The operator's 1Password.
pub(crate) fn one_password() -> &'static OnePassword {
    ONE_PASSWORD.get_or_init(OnePassword::default)
}

/// The settings, if nothing is wrong with any of them.
pub(crate) async fn settle<T>(resolve: impl Fn(&mut ConfigProblems) -> T) -> Result<T, ConfigProblems> {
    config::settle(one_password(), resolve).await
}
